import { createHash } from 'node:crypto';
import { type BuildDatasetInput, SPLITS, type Split } from '../../contracts/datasets.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { answerFault } from '../../core/dataset/answer-rules.ts';
import { checkDataset } from '../../core/dataset/dataset-checks.ts';
import type { RowFilter, RowWord } from '../../core/dataset/row-filters.ts';
import { contentHash } from '../../platform/content-hash.ts';
import type { Place } from './chosen-rows.ts';
import type { EditedRow } from './curated-rows.ts';

/** So many bad rows are named; the others are counted. */
const NAMED = 5;

interface Chosen {
  rowId: string;
  split: Split;
  group: string;
  /** Hash of everything that the row and its gold answer hold. */
  content: string;
}

/** What a build has chosen of its source, in numbers. */
export interface SelectionSummary {
  hash: string;
  rows: Record<Split, number>;
  goldRows: number;
  labels: Record<string, number>;
  skipped: Record<string, number>;
  warnings: string[];
}

/** Decides row by row, keeping hashes only, so that a source of any size fits. */
export class Selection {
  readonly #input: BuildDatasetInput;
  readonly #isFile: boolean;
  readonly #labelSet: Set<string> | null;
  readonly #chosen: Chosen[] = [];
  readonly #labels = new Map<string, number>();
  readonly #trainLabels = new Set<string>();
  readonly #filter: RowFilter;
  readonly #leftOut: string[] = [];
  /** What can't be learned from, and what is not wanted. */
  readonly #skipped = new Map<string, { n: number; places: string[]; isFault: boolean }>();
  #goldRows = 0;

  constructor(input: BuildDatasetInput, filter: RowFilter) {
    this.#input = input;
    this.#filter = filter;
    this.#isFile = 'file' in input.source;
    this.#labelSet = input.task.kind === 'label' && input.task.labels ? new Set(input.task.labels) : null;
  }

  add(source: EditedRow, said: RowWord): void {
    const { row, gold } = source;
    const fault = said.person === 'drop' ? null : this.#faultOf(source);
    const reason = fault ?? this.#filter.reason(row, said);
    if (reason !== null) {
      this.#leftOut.push(JSON.stringify([row.rowId, row.split, -1, reason]));
      return this.#count(reason, source.place, fault !== null);
    }
    const goldKept = goldOfRow(this.#labelSet, gold);
    if (gold !== null && goldKept === null) this.#count('gold answer outside the label set', source.place, true);
    const split = row.split;
    this.#chosen.push({ rowId: row.rowId, split, group: row.group, content: contentHash({ ...row, gold: goldKept }) });
    if (goldKept !== null) this.#goldRows++;
    if (this.#input.task.kind !== 'label') return;
    this.#labels.set(row.reference, (this.#labels.get(row.reference) ?? 0) + 1);
    if (split === 'train') this.#trainLabels.add(row.reference);
  }

  /** The order of the rows and what they came to; refuses what can't be learned from. */
  end(): { lines: string; summary: SelectionSummary } {
    const faults = this.#faults();
    if (this.#isFile && faults.length > 0) throw new StillhouseError('dataset_invalid', faults.join('; '), { param: 'source.file' });
    // By hash: a shard is a sample of the whole.
    this.#chosen.sort((a, b) => (a.rowId < b.rowId ? -1 : 1));
    const rows: Record<Split, number> = { train: 0, validation: 0, test: 0 };
    const hash = createHash('sha256').update(JSON.stringify(this.#input.splits));
    const lines: string[] = [];
    for (const { rowId, split, content } of this.#chosen) {
      lines.push(JSON.stringify([rowId, split, rows[split]++]));
      hash.update(`${rowId}:${split}:${content}\n`);
    }
    const skipped = new Map([...this.#skipped].map(([reason, { n }]) => [reason, n]));
    const groups = new Set(this.#chosen.map((chosen) => chosen.group)).size;
    const warnings = checkDataset(this.#input.task, { rows, groups, labels: this.#labels, trainLabels: this.#trainLabels, skipped });
    const labels = Object.fromEntries([...this.#labels].sort((a, b) => b[1] - a[1]));
    const summary = { hash: hash.digest('hex'), rows, goldRows: this.#goldRows, labels, skipped: Object.fromEntries(skipped) };
    return { lines: [...lines, ...this.#leftOut].join('\n'), summary: { ...summary, warnings: [...warnings, ...faults] } };
  }

  /** Why nothing can be learned from the row. What a person keeps may be cut off, or read like a refusal. */
  #faultOf({ row, fault, finishReason, person }: EditedRow): string | null {
    if (fault !== null) return fault;
    const answer = { text: row.reference, finishReason: person === 'keep' ? 'stop' : finishReason };
    const found = answerFault(this.#input.task, this.#labelSet, answer);
    return found === 'refused' && person === 'keep' ? null : found;
  }

  #count(reason: string, place: string, isFault: boolean): void {
    const known = this.#skipped.get(reason) ?? { n: 0, places: [], isFault };
    known.n++;
    if (known.places.length < NAMED) known.places.push(place);
    this.#skipped.set(reason, known);
  }

  #faults(): string[] {
    return [...this.#skipped]
      .filter(([, { isFault }]) => isFault)
      .map(([reason, { n, places }]) => {
        const more = n > places.length ? ` and ${n - places.length} more` : '';
        return `${reason}: ${places.join(', ')}${more}`;
      });
  }
}

/** The gold answer that a row keeps: one outside a closed set evaluates nothing. */
export function goldOfRow(labels: ReadonlySet<string> | null, gold: string | null): string | null {
  return gold !== null && labels && !labels.has(gold) ? null : gold;
}

/** Places of the rows of a selection, by row id, those that it leaves out included. */
export function parseSelection(lines: string): Map<string, Place> {
  const places = new Map<string, Place>();
  for (const line of lines.split('\n')) {
    const [rowId, split, position, reason] = JSON.parse(line) as [string, Split, number, string?];
    if (!SPLITS.includes(split)) throw new StillhouseError('artifact_corrupt', 'A selection of rows is not readable.');
    places.set(rowId, { split, position, ...(reason === undefined ? {} : { reason }) });
  }
  return places;
}
