/**
 * Every error the product raises on purpose: a code, the HTTP status it becomes, the `type` of OpenAI's error object,
 * and whether the same call can succeed later. The one place that maps codes.
 */
export const ERROR_CODES = {
  invalid_request: { status: 400, type: 'invalid_request_error', retryable: false },
  invalid_json: { status: 400, type: 'invalid_request_error', retryable: false },
  body_too_large: { status: 413, type: 'invalid_request_error', retryable: false },
  unauthorized: { status: 401, type: 'authentication_error', retryable: false },
  forbidden: { status: 403, type: 'permission_error', retryable: false },
  not_found: { status: 404, type: 'invalid_request_error', retryable: false },
  model_not_found: { status: 404, type: 'invalid_request_error', retryable: false },
  method_not_allowed: { status: 405, type: 'invalid_request_error', retryable: false },
  conflict: { status: 409, type: 'invalid_request_error', retryable: false },
  /** Of `Idempotency-Key`: the first request is not answered yet; was sent, and its answer is lost; was another one. */
  idempotency_in_flight: { status: 409, type: 'invalid_request_error', retryable: true },
  idempotency_outcome_unknown: { status: 409, type: 'invalid_request_error', retryable: false },
  idempotency_key_reused: { status: 422, type: 'invalid_request_error', retryable: false },
  budget_exceeded: { status: 402, type: 'insufficient_quota', retryable: false },
  rate_limited: { status: 429, type: 'rate_limit_error', retryable: true },
  unavailable: { status: 503, type: 'api_error', retryable: true },
  /** The provider could not be reached: refused, unresolved. */
  upstream_unreachable: { status: 502, type: 'api_error', retryable: true },
  /** The provider cut the connection. */
  upstream_reset: { status: 502, type: 'api_error', retryable: true },
  upstream_timeout: { status: 504, type: 'api_error', retryable: true },
  /** The provider answered with something that is not an answer. */
  upstream_invalid: { status: 502, type: 'api_error', retryable: true },
  /** The provider's key is not set where the gateway runs. */
  provider_key_missing: { status: 401, type: 'authentication_error', retryable: false },
  /** Dataset and distillation refusals, before money is spent. */
  dataset_too_small: { status: 422, type: 'invalid_request_error', retryable: false },
  dataset_invalid: { status: 422, type: 'invalid_request_error', retryable: false },
  price_unknown: { status: 422, type: 'invalid_request_error', retryable: false },
  cap_too_low: { status: 422, type: 'invalid_request_error', retryable: false },
  test_too_small: { status: 422, type: 'invalid_request_error', retryable: false },
  /** The provider refused a training file, or the job failed or was cancelled there. */
  tuning_failed: { status: 422, type: 'invalid_request_error', retryable: false },
  artifact_missing: { status: 500, type: 'api_error', retryable: false },
  artifact_corrupt: { status: 500, type: 'api_error', retryable: false },
  cancelled: { status: 499, type: 'invalid_request_error', retryable: false },
  internal: { status: 500, type: 'api_error', retryable: false },
} as const satisfies Record<string, { status: number; type: string; retryable: boolean }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** What `StillhouseError` carries besides its message. */
export interface ErrorDetails {
  cause?: unknown;
  /** The request's field at fault, as a path (`targets[0].weight`). */
  param?: string;
  /** Overrides the code's default. */
  retryable?: boolean;
  /** Numbers and names for programs; shown in problem details. */
  data?: Record<string, unknown>;
}

const MARK = 'stillhouse.error';

/** The one error class. Test the code by `isStillhouseError(e, code)`, never the class: it may cross a bundle. */
export class StillhouseError extends Error {
  readonly mark = MARK;
  readonly code: ErrorCode;
  readonly param: string | null;
  readonly retryable: boolean;
  readonly data: Record<string, unknown>;
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'StillhouseError';
    this.code = code;
    this.param = details.param ?? null;
    this.retryable = details.retryable ?? ERROR_CODES[code].retryable;
    this.data = details.data ?? {};
  }
}

/** Whether `error` is ours, and of that code where one is given. */
export function isStillhouseError(error: unknown, code?: ErrorCode): error is StillhouseError {
  const ours = typeof error === 'object' && error !== null && (error as { mark?: unknown }).mark === MARK;
  return ours && (code === undefined || (error as StillhouseError).code === code);
}
