import type { FinishReason } from '../dialect.ts';

/** The model ended with nothing that could be used: asked once more it may do better. */
const FAILED = new Set<unknown>([
  'MALFORMED_FUNCTION_CALL',
  'UNEXPECTED_TOOL_CALL',
  'TOO_MANY_TOOL_CALLS',
  'MALFORMED_RESPONSE',
  'MISSING_THOUGHT_SIGNATURE',
]);

/** Whether a candidate ended as no answer does. */
export function hasFailed(reason: unknown): boolean {
  return FAILED.has(reason);
}

/** Why it stopped; null where it goes on. What is new to us counts as an end. */
export function finishOf(reason: unknown, called: boolean): FinishReason | null {
  switch (reason) {
    case undefined:
    case null:
    case 'FINISH_REASON_UNSPECIFIED':
      return null;
    case 'MAX_TOKENS':
      return 'length';
    case 'SAFETY':
    case 'RECITATION':
    case 'LANGUAGE':
    case 'BLOCKLIST':
    case 'PROHIBITED_CONTENT':
    case 'SPII':
    case 'IMAGE_SAFETY':
    case 'IMAGE_PROHIBITED_CONTENT':
    case 'IMAGE_RECITATION':
      return 'content_filter';
    default:
      return called ? 'tool_calls' : 'stop';
  }
}

/** A refusal has no words of its own. */
export function refusalOf(reason: unknown): string {
  return `The model declined to answer (${typeof reason === 'string' ? reason : 'for no known reason'})`;
}
