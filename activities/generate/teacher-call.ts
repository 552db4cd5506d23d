import OpenAI, { APIConnectionError, APIError, APIUserAbortError } from 'openai';
import type { ChatCompletionCreateParamsNonStreaming } from 'openai/resources/chat/completions';
import { METADATA_HEADER } from '../../contracts/chat.ts';
import { type ErrorCode, StillhouseError } from '../../contracts/errors.ts';
import { HEADERS } from '../../contracts/http.ts';
import { PROJECT_HEADER } from '../../contracts/names.ts';
import type { Price } from '../../core/candidates/call-bounds.ts';
import type { GatewayAccess } from '../distil/gateway-targets.ts';

/** The gateway gives up on a silent provider after two minutes; this is later, so that the gateway's reason arrives. */
export const CALL_TIMEOUT_MS = 180_000;
/** The longest that a provider's `retry-after` is heeded. */
export const LONGEST_RETRY_AFTER_MS = 300_000;

/** One answer of a teacher as it came. */
export interface TeacherAnswer {
  text: string;
  finishReason: string;
  traceId: string;
  tokensIn: number;
  tokensOut: number;
  /** null where neither the gateway nor the answer says. */
  costUsd: number | null;
  latencyMs: number;
}

/** What became of a call. */
export type CallOutcome =
  | { kind: 'answered'; answer: TeacherAnswer }
  /**
   * Worth another attempt. `overloaded`: fewer calls at a time would help. `network`: the gateway itself was not there.
   * `isCostKnown`: it has cost nothing; else the provider may have charged for it. `isProviderDown`: the provider itself
   * fails, neither throttling nor a part of ours that restarts.
   */
  | {
      kind: 'again';
      overloaded: boolean;
      network: boolean;
      isCostKnown: boolean;
      isProviderDown: boolean;
      retryAfterMs: number;
      reason: string;
    };

/** The gateway's codes of calls that a provider may have charged for: their traces have no cost. */
const UNKNOWN_COST = new Set<unknown>(['upstream_reset', 'upstream_timeout', 'upstream_invalid', 'internal'] satisfies ErrorCode[]);
/** The connection was not made: nothing was sent. */
const NOT_SENT = new Set<unknown>(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);

/**
 * A client of the gateway whose calls are the project's: its traces, budget, privacy, provider keys and students. Retries are
 * ours: the SDK's would not know of the cap or of what is journalled.
 */
export function gatewayClient({ url, serviceKey, fetch }: GatewayAccess, project: string): OpenAI {
  const defaultHeaders = { [PROJECT_HEADER]: project };
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: serviceKey, defaultHeaders, maxRetries: 0, timeout: CALL_TIMEOUT_MS, fetch });
}

/** What is asked. */
export interface TeacherCall {
  body: ChatCompletionCreateParamsNonStreaming;
  metadata: Record<string, string>;
  price: Price;
}

/** Asks once. A refusal that another attempt would meet again is thrown, naming the teacher and the reason. */
export async function askTeacher(client: OpenAI, call: TeacherCall, signal: AbortSignal): Promise<CallOutcome> {
  const startedAt = performance.now();
  try {
    const { data, response } = await client.chat.completions
      .create(call.body, { headers: { [METADATA_HEADER]: JSON.stringify(call.metadata) }, signal })
      .withResponse();
    const choice = data.choices[0];
    const tokensIn = data.usage?.prompt_tokens ?? 0;
    const tokensOut = data.usage?.completion_tokens ?? 0;
    const fromTokens = data.usage && (tokensIn * call.price.inputUsdPerMTok + tokensOut * call.price.outputUsdPerMTok) / 1_000_000;
    const header = response.headers.get(HEADERS.costUsd);
    return {
      kind: 'answered',
      answer: {
        text: choice?.message?.content ?? '',
        finishReason: choice?.finish_reason ?? '',
        traceId: response.headers.get(HEADERS.traceId) ?? '',
        tokensIn,
        tokensOut,
        costUsd: header !== null && Number.isFinite(Number(header)) ? Number(header) : (fromTokens ?? null),
        latencyMs: performance.now() - startedAt,
      },
    };
  } catch (error) {
    return outcomeOf(error, call.body.model, performance.now() - startedAt);
  }
}

function outcomeOf(error: unknown, teacher: string, latencyMs: number): CallOutcome {
  if (error instanceof APIUserAbortError) throw error;
  if (error instanceof APIConnectionError) {
    const reason = `the gateway can't be reached: ${error.message}`;
    const isCostKnown = NOT_SENT.has(systemCode(error));
    return { kind: 'again', overloaded: false, network: true, isCostKnown, isProviderDown: false, retryAfterMs: 0, reason };
  }
  if (!(error instanceof APIError)) throw error;
  const status = error.status as number | undefined;
  // A date instead of seconds counts as none; an absurd number must neither stop the run nor overflow a timer.
  const retryAfterMs = Math.min(Number(error.headers?.get('retry-after') ?? 0) * 1_000 || 0, LONGEST_RETRY_AFTER_MS);
  if (status === undefined || status === 408 || status === 409 || status === 429 || status >= 500) {
    const overloaded = status === 429 || status === 503 || status === 504 || status === 529;
    const isCostKnown = status !== undefined && !UNKNOWN_COST.has(error.code);
    return {
      kind: 'again',
      overloaded,
      network: false,
      isCostKnown,
      isProviderDown: status !== 429 && error.code !== ('unavailable' satisfies ErrorCode),
      retryAfterMs,
      reason: `${error.message.slice(0, 300)}${error.code ? ` (${error.code})` : ''}`,
    };
  }
  // The provider's filter refuses this prompt and would again: an answer like any other, that curation drops.
  if (error.code === 'content_filter' || error.code === 'content_policy_violation') {
    const traceId = error.headers?.get(HEADERS.traceId) ?? '';
    const answer = { text: '', finishReason: 'content_filter', traceId, tokensIn: 0, tokensOut: 0, costUsd: 0, latencyMs };
    return { kind: 'answered', answer };
  }
  throw new StillhouseError('upstream_invalid', `The teacher "${teacher}" refused a call with ${status}: ${error.message.slice(0, 300)}`, {
    retryable: false,
    cause: error,
    data: { status, code: error.code ?? null },
  });
}

/** The system's code at the end of a chain of causes. */
function systemCode(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined;
  return (error as NodeJS.ErrnoException).code ?? systemCode(error instanceof AggregateError ? error.errors[0] : error.cause);
}
