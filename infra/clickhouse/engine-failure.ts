/** A refusal in ClickHouse's own terms: a number, a type and a sentence. */
export class EngineFailure extends Error {
  readonly code: number;
  readonly type: string;
  constructor(code: number, type: string, message: string) {
    super(message);
    this.name = 'EngineFailure';
    this.code = code;
    this.type = type;
  }
}

/** Error codes by the HTTP status that a server answers with (HTTPHandler, `exceptionCodeToHTTPStatus`); all others are 500. */
const STATUS: Record<number, readonly number[]> = {
  400: [6, 8, 15, 25, 26, 27, 36, 38, 41, 43, 44, 53, 62, 72, 117, 376, 427, 456, 457, 675, 676, 691],
  401: [194],
  403: [192, 193, 497, 516],
  404: [46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 336],
  408: [159],
  413: [307],
  501: [48],
};

/** What a failed request answers. */
export interface FailureAnswer {
  status: number;
  code: number;
  body: string;
}

/** The engine's error as a server would answer it, so that clients read code and type from it. */
export function failureAnswer(error: unknown, version: string): FailureAnswer {
  if (error instanceof EngineFailure) {
    return answer(error.code, `Code: ${error.code}. DB::Exception: ${error.message} (${error.type})`, version);
  }
  const message = error instanceof Error ? error.message : String(error);
  const code = /Code: (\d+)/.exec(message)?.[1];
  if (code === undefined) return answer(1001, `Code: 1001. DB::Exception: ${message} (STD_EXCEPTION)`, version);
  return answer(Number(code), message.replace(/^(Code: \d+\. DB::Exception: )(?=Code: \d+\. DB::Exception: )/, ''), version);
}

function answer(code: number, text: string, version: string): FailureAnswer {
  const status = Object.entries(STATUS).find(([, codes]) => codes.includes(code))?.[0];
  const body = text.includes('(version ') ? text : `${text.trimEnd()} (version ${version} (embedded))`;
  return { status: Number(status ?? 500), code, body: `${body}\n` };
}
