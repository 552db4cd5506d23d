import type { TraceRow } from '../../contracts/traces.ts';

/** The row without what a customer wrote or was answered: what is kept when there is no room for more. */
export function shedBodies(row: TraceRow): TraceRow {
  return { ...row, request: '', response: '', prompt_text: '', answer_text: '' };
}
