import type { Message } from '../../contracts/chat.ts';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import { CuratedRow } from '../../contracts/stages.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';

/** A row that the trained and the served form both answer. */
export interface HeldOutRow {
  rowId: string;
  messages: Message[];
  /** The teacher's best. */
  answer: string;
}

/** Validation rows, which training did not learn from, where there are any; and the longest answer in characters. */
export async function heldOutRows(
  artifacts: ArtifactStore,
  curated: ArtifactRef,
  most: number,
): Promise<{ heldOut: HeldOutRow[]; longestAnswer: number }> {
  const rows: Record<CuratedRow['split'], HeldOutRow[]> = { train: [], validation: [] };
  let longestAnswer = 0;
  for (const line of (await artifacts.get(curated)).toString('utf8').split('\n')) {
    if (line === '') continue;
    const { rowId, messages, best, split, dropped } = CuratedRow.parse(JSON.parse(line));
    const [answer] = best;
    if (dropped !== null || answer === undefined) continue;
    longestAnswer = Math.max(longestAnswer, ...best.map((text) => text.length));
    if (rows[split].length < most) rows[split].push({ rowId, messages, answer });
  }
  return { heldOut: rows.validation.length > 0 ? rows.validation : rows.train, longestAnswer };
}
