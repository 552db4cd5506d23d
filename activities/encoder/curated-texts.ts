import { lastUserText } from '../../contracts/chat.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import { CuratedRow } from '../../contracts/stages.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';

/** A text and its votes, in the order of the labels. */
export interface VotedText {
  text: string;
  votes: number[];
}

/** What an encoder reads of the curated rows. */
export interface CuratedTexts {
  train: VotedText[];
  validation: VotedText[];
  /** Texts of the same traffic that nobody labelled. */
  unlabelled: string[];
}

const FEWEST_ROWS = 10;

/**
 * Reads the curated JSONL. A training row without a vote (not sampled, cut off, outside the set) is unlabelled traffic;
 * empty texts, votes outside the label set and validation rows without a vote teach nothing.
 */
export async function readCuratedTexts(artifacts: ArtifactStore, curated: ArtifactRef, labels: readonly string[]): Promise<CuratedTexts> {
  const places = new Map(labels.map((label, place) => [label, place]));
  const texts: CuratedTexts = { train: [], validation: [], unlabelled: [] };
  const seen = new Set<number>();
  for (const line of (await artifacts.get(curated)).toString('utf8').split('\n')) {
    if (line === '') continue;
    const row = CuratedRow.parse(JSON.parse(line));
    const text = lastUserText(row.messages);
    if (text === '') continue;
    if (Object.keys(row.votes).length === 0) {
      if (row.split === 'train') texts.unlabelled.push(text);
      continue;
    }
    if (row.dropped !== null) continue;
    const votes = labels.map(() => 0);
    for (const [label, count] of Object.entries(row.votes)) {
      const place = places.get(label.trim());
      if (place !== undefined) votes[place]! += count;
    }
    const most = Math.max(...votes);
    if (most > 0) {
      seen.add(votes.indexOf(most));
      texts[row.split].push({ text, votes });
    }
  }
  const rows = texts.train.length + texts.validation.length;
  if (rows < FEWEST_ROWS || seen.size < 2) {
    throw new StillhouseError(
      'dataset_too_small',
      `An encoder student needs at least ${FEWEST_ROWS} labelled rows of at least two labels; there are ${rows} of ${seen.size}.`,
      { data: { rows, labels: seen.size } },
    );
  }
  return texts;
}
