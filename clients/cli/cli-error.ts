import { StillhouseApiError } from '../sdk/index.ts';

/** A failure that is told in a sentence, without a stack. */
export class CliError extends Error {
  override readonly name = 'CliError';
  /** 2 where the command line is wrong. */
  readonly exitCode: 1 | 2;
  constructor(message: string, options: ErrorOptions & { exitCode?: 1 | 2 } = {}) {
    super(message, options);
    this.exitCode = options.exitCode ?? 1;
  }
}

/** The sentences for a failure; null where it is a fault of the program, which deserves its stack. */
export function sentencesOf(error: unknown): string | null {
  if (error instanceof CliError) return error.message;
  if (error instanceof DOMException && error.name === 'TimeoutError') return error.message;
  if (!(error instanceof StillhouseApiError)) return null;
  if (error.code === 'unreachable')
    return `${error.message} Is the stack running? "stillhouse up" starts it, "stillhouse doctor" looks for what is wrong.`;
  if (error.status === 401) return `The gateway does not know this key. Set STILLHOUSE_API_KEY to one that it knows. (${error.message})`;
  const fields = error.data['errors'];
  if (Array.isArray(fields) && fields.length > 1) return fields.map((field: { detail?: string }) => field.detail ?? '').join('\n');
  return error.message;
}
