import { PROJECT_HEADER } from '../../contracts/names.ts';
import { StillhouseApiError, errorFromResponse } from './api-error.ts';

/** How the SDK reaches a gateway. */
export interface StillhouseOptions {
  /** The gateway's address, without `/api`. In a browser the page's own origin may do: `''`. */
  url: string;
  apiKey: string;
  /** Whose data the admin key is to see; default: the key's own project. */
  project?: string | undefined;
  /** Default: the global `fetch`. */
  fetch?: typeof fetch;
}

/** What can be uploaded: text, bytes, a file or a stream. Of a file of more than 4 GiB Node's `openAsBlob` sends a part only (Node 24): give its stream. */
export type UploadBody = string | Uint8Array<ArrayBuffer> | Blob | ReadableStream<Uint8Array>;

/** What a call may carry. */
export interface RequestParts {
  query?: Record<string, string | number | undefined>;
  json?: unknown;
  /** Sent as it is, with `contentType`. */
  body?: UploadBody;
  contentType?: string;
  headers?: Record<string, string> | undefined;
  signal?: AbortSignal | undefined;
}

/** A body that may have to be sent again (by a redirect) is kept in memory by Node's `fetch` as it goes out; these say that it never is. */
const UPLOAD = { redirect: 'error', window: null } as const satisfies RequestInit;

/** Sends requests to `/api`; every answer that is none is thrown as a `StillhouseApiError`. */
export class Transport {
  readonly #base: string;
  /** Of every request. */
  readonly #headers: Readonly<Record<string, string>>;
  readonly #fetch: typeof fetch;
  constructor(options: StillhouseOptions) {
    this.#base = options.url.replace(/\/+$/, '');
    const { apiKey, project } = options;
    this.#headers = { authorization: `Bearer ${apiKey}`, ...(project === undefined ? {} : { [PROJECT_HEADER]: project }) };
    this.#fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
  }

  /** The parsed body of a good answer. */
  async json<T>(method: string, path: string, parts: RequestParts = {}): Promise<T> {
    const response = await this.send(method, path, parts);
    return (await response.json()) as T;
  }

  /** A good answer, its body unread. `plane`: the control plane, or the data plane that apps call. */
  async send(method: string, path: string, parts: RequestParts = {}, plane: 'api' | 'v1' = 'api'): Promise<Response> {
    const contentType = parts.json === undefined ? parts.contentType : 'application/json';
    const body = parts.json === undefined ? parts.body : JSON.stringify(parts.json);
    const url = `${this.#base}/${plane}${path}${queryString(parts.query)}`;
    let response: Response;
    try {
      response = await this.#fetch(url, {
        method,
        headers: { ...this.#headers, ...(contentType ? { 'content-type': contentType } : {}), ...parts.headers },
        ...(body === undefined ? {} : { body, ...(typeof body === 'string' ? {} : UPLOAD) }),
        ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
        ...(parts.signal ? { signal: parts.signal } : {}),
      });
    } catch (cause) {
      if (parts.signal?.aborted) throw cause;
      throw new StillhouseApiError(
        { status: 0, code: 'unreachable', detail: `${this.#base || 'The gateway'} does not answer.`, param: null },
        { cause },
      );
    }
    if (!response.ok) throw await errorFromResponse(response);
    return response;
  }
}

function queryString(query: RequestParts['query']): string {
  const pairs = Object.entries(query ?? {}).filter((pair): pair is [string, string | number] => pair[1] !== undefined);
  return pairs.length === 0
    ? ''
    : `?${new URLSearchParams(pairs.map(([key, value]): [string, string] => [key, String(value)])).toString()}`;
}
