import type { TraceRow } from '../../contracts/traces.ts';

/** The row without what a customer wrote or was answered, and why it has none. Counts, cost and names stay. */
export function withoutBodies(row: TraceRow, why: NonNullable<TraceRow['bodies']>): TraceRow {
  return { ...row, request: '', response: '', prompt_text: '', answer_text: '', bodies: row.bodies || why };
}
