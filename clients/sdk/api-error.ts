import type { Problem } from '../../contracts/http.ts';

/** A refusal or failure of the API, with its problem details. Test `code`, not the message. */
export class StillhouseApiError extends Error {
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  /** An error code of Stillhouse (`not_found`, `conflict`, …); `unreachable` where no answer came. */
  readonly code: string;
  /** The request's field at fault; null where it is none. */
  readonly param: string | null;
  /** Numbers and names for programs; `errors` lists every field at fault. */
  readonly data: Record<string, unknown>;
  /** Seconds after which the server asks to try again; null where it says nothing. */
  readonly retryAfterS: number | null;
  constructor(
    problem: Pick<Problem, 'status' | 'code' | 'detail' | 'param' | 'data'>,
    details: { retryAfterS?: number | null; cause?: unknown } = {},
  ) {
    super(problem.detail, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'StillhouseApiError';
    this.status = problem.status;
    this.code = problem.code;
    this.param = problem.param;
    this.data = problem.data ?? {};
    this.retryAfterS = details.retryAfterS ?? null;
  }

  /** Whether the same request can succeed a moment later. */
  get retryable(): boolean {
    return this.status === 0 || this.status === 429 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

/** The error that an answer states, whatever its body looks like. */
export async function errorFromResponse(response: Response): Promise<StillhouseApiError> {
  const text = await response.text().catch(() => '');
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  const retryAfterS = Number.isFinite(retryAfter) ? retryAfter : null;
  const problem = problemFrom(text);
  if (problem) return new StillhouseApiError({ ...problem, status: response.status }, { retryAfterS });
  const detail = text.trim().slice(0, 300) || response.statusText || 'no reason was given';
  return new StillhouseApiError(
    { status: response.status, code: 'unknown', detail: `${response.status}: ${detail}`, param: null },
    { retryAfterS },
  );
}

function problemFrom(text: string): Problem | null {
  try {
    const body = JSON.parse(text) as Partial<Problem> & { error?: { message?: string; code?: string; param?: string } };
    if (typeof body.detail === 'string') return { type: '', title: '', status: 0, code: 'unknown', param: null, ...body } as Problem;
    // the key check may answer in the shape of /v1
    if (typeof body.error?.message === 'string')
      return {
        type: '',
        title: '',
        status: 0,
        detail: body.error.message,
        code: body.error.code ?? 'unknown',
        param: body.error.param ?? null,
      };
    return null;
  } catch {
    return null;
  }
}
