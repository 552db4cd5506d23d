import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BuildDatasetInput, type Split } from '../../contracts/datasets.ts';
import { isStillhouseError } from '../../contracts/errors.ts';
import { RowFilter } from '../../core/dataset/row-filters.ts';
import { groupOf, splitOf } from '../../core/dataset/split.ts';
import type { EditedRow } from './curated-rows.ts';
import { Selection, parseSelection } from './selection.ts';

const input = BuildDatasetInput.parse({
  name: 'd',
  source: { traces: {} },
  task: { kind: 'text' },
  filters: { dropDuplicates: true, maxAnswerCharacters: 12 },
});

/** A row as the source gives it, and what was said of it. */
interface Given {
  number: number;
  /** How its text is written. */
  dress: number;
  answer: string;
  person: 'keep' | 'drop' | null;
}

const DRESSES: ((text: string) => string)[] = [
  (text) => text,
  (text) => ` ${text}\n`,
  (text) => text.toUpperCase(),
  (text) => text.replaceAll(' ', '  \t'),
  (text) => text.replaceAll('e', 'ｅ'),
];

function rowOf({ number, dress, answer, person }: Given, place: number): EditedRow {
  const text = DRESSES[dress]!(`where is order ${number}`);
  const group = groupOf(text);
  const row = {
    rowId: `row-${place}`,
    promptHash: text,
    group,
    split: splitOf(group, input.splits),
    messages: [{ role: 'user', content: text }],
    tools: null,
    responseFormat: null,
    parameters: {},
    reference: answer,
    referenceTarget: '',
    promptTokens: 0,
    traceId: '',
  };
  return { row, gold: null, finishReason: 'stop', place: `trace ${place}`, fault: null, person };
}

/** Where the rows of a version lie, by what they ask, however it is written; null: they are too few to be one. */
function version(given: readonly Given[]): Map<number, Set<Split>> | null {
  const selection = new Selection(input, new RowFilter(input.filters!, () => null));
  given.map(rowOf).forEach((row) => selection.add(row, { person: row.person, judge: null }));
  try {
    const lies = new Map<number, Set<Split>>();
    for (const [rowId, { split, reason }] of parseSelection(selection.end().lines)) {
      const { number } = given[Number(rowId.slice('row-'.length))]!;
      if (reason === undefined) lies.set(number, (lies.get(number) ?? new Set()).add(split));
    }
    return lies;
  } catch (error) {
    if (isStillhouseError(error, 'dataset_too_small')) return null;
    throw error;
  }
}

const rows = fc.record({
  number: fc.integer({ min: 0, max: 80 }),
  dress: fc.integer({ min: 0, max: DRESSES.length - 1 }),
  answer: fc.constantFrom('yes', 'no', 'a very long answer'),
  person: fc.constantFrom('keep', 'drop', null),
});

test('whatever rows come, go, are written otherwise, edited or filtered from version to version: no question lies in two splits or moves', () => {
  let compared = 0;
  fc.assert(
    fc.property(fc.array(rows, { minLength: 40, maxLength: 200 }), fc.array(rows, { minLength: 40, maxLength: 200 }), (first, second) => {
      const [before, after] = [version(first), version([...second, ...first])];
      for (const lies of [before, after]) for (const splits of lies?.values() ?? []) expect(splits.size).toBe(1);
      if (!before || !after) return;
      for (const [number, splits] of before) {
        if (!after.has(number)) continue;
        compared++;
        expect([...after.get(number)!]).toEqual([...splits]);
      }
    }),
    { numRuns: 150 },
  );
  // Most of them are versions, with questions in common.
  expect(compared).toBeGreaterThan(2_000);
});
