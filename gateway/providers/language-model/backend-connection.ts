import { Pool } from 'undici';
import { ERROR_CODES, StillhouseError, type ErrorCode } from '../../../contracts/errors.ts';
import { Exchange } from '../exchange.ts';
import type { ProviderAnswer, ProviderCall } from '../provider.ts';
import { upstreamError } from '../upstream-error.ts';

export interface ConnectionOptions {
  /** For messages: whose connection it is. */
  name: string;
  baseUrl: string;
  /** Bearer key; none is sent without it. */
  key: string | undefined;
}

/** An answer to a call that manages students. */
export interface Managed {
  status: number;
  body: unknown;
}

const CONNECTIONS = 256;
const CONNECT_MS = 3_000;
/** An answer of a large student on a processor is slow; none that goes on is cut off. */
const ANSWER_MS = 300_000;
/** A model of gigabytes may come from a far store first. */
const LOAD_MS = 900_000;

/** One server of students, over HTTP. */
export class BackendConnection {
  readonly #name: string;
  readonly #pool: Pool;
  readonly #prefix: string;
  readonly #headers: Record<string, string>;

  constructor({ name, baseUrl, key }: ConnectionOptions) {
    const base = new URL(baseUrl);
    this.#name = name;
    this.#prefix = base.pathname.replace(/\/$/, '');
    this.#headers = { 'content-type': 'application/json', ...(key ? { authorization: `Bearer ${key}` } : {}) };
    this.#pool = new Pool(base.origin, {
      connections: CONNECTIONS,
      pipelining: 1,
      connect: { timeout: CONNECT_MS },
      headersTimeout: ANSWER_MS,
      bodyTimeout: ANSWER_MS,
    });
  }

  async chat(body: string, call: ProviderCall): Promise<ProviderAnswer> {
    if (call.signal.aborted) throw new StillhouseError('cancelled', 'The caller went away');
    const path = `${this.#prefix}/v1/chat/completions`;
    const exchange = new Exchange(this.#name, call.request.stream, call.signal);
    return exchange.send(this.#pool, { method: 'POST', path, headers: this.#headers, body });
  }

  async manage(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<Managed> {
    try {
      const response = await this.#pool.request({
        method,
        path: this.#prefix + path,
        headers: this.#headers,
        headersTimeout: LOAD_MS,
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      const text = await response.body.text();
      return { status: response.statusCode, body: parsed(text) };
    } catch (error) {
      throw upstreamError(error, this.#name);
    }
  }

  /** What a server says of a student that it could not load, as one of our errors. */
  refused({ status, body }: Managed, what: string): StillhouseError {
    const { message, code } = errorOf(body);
    const known = typeof code === 'string' && Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'unavailable';
    return new StillhouseError(known, `"${this.#name}" could not ${what}: ${message ?? `it answered ${status}`}`, {
      retryable: known === 'unavailable' ? status >= 500 : ERROR_CODES[known].retryable,
    });
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}

/** The message and code of an error in OpenAI's shape, or in that of an older vLLM. */
export function errorOf(body: unknown): { message: string | undefined; code: unknown } {
  const error = (body as { error?: unknown } | null)?.error ?? body;
  if (typeof error === 'string') return { message: error, code: undefined };
  const { message, code } = (error ?? {}) as { message?: unknown; code?: unknown };
  return { message: typeof message === 'string' ? message : undefined, code };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
