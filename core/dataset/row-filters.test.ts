import { expect, test } from 'vitest';
import type { RowFilters } from '../../contracts/dataset-curation.ts';
import { LANGUAGES } from '../../contracts/dataset-curation.ts';
import type { Split } from '../../contracts/datasets.ts';
import { languageDetector } from './language.ts';
import { RowFilter } from './row-filters.ts';
import { groupOf } from './split.ts';

const languageOf = await languageDetector();
const row = (text: string, reference: string, split: Split = 'train') => ({
  messages: [{ role: 'user', content: text }],
  group: groupOf(text),
  split,
  reference,
});
const NOBODY = { person: null, judge: null };
const reasons = (filters: RowFilters, rows: ReturnType<typeof row>[]) => {
  const filter = new RowFilter(filters, languageOf);
  return rows.map((one) => filter.reason(one, NOBODY));
};

test('a language that is surely another stays out; what is too short to tell stays in', () => {
  const texts = ['Where is the card that I ordered?', 'Wo ist die Karte, die ich bestellt habe?', 'カードはどこですか', 'ok', '12345'];
  const rows = texts.map((text) => row(text, 'card_arrival'));
  expect(reasons({ languages: ['en'] }, rows)).toEqual([null, 'language de', 'language ja', null, null]);
  expect(reasons({ languages: ['en', 'de'] }, rows)[1]).toBeNull();
});

test('lengths', () => {
  const rows = [row('short', 'fine'), row('x'.repeat(50), 'fine'), row('short', 'f'), row('short', 'f'.repeat(50))];
  const filters = { maxPromptCharacters: 20, minAnswerCharacters: 2, maxAnswerCharacters: 20 };
  expect(reasons(filters, rows)).toEqual([null, 'prompt too long', 'answer too short', 'answer too long']);
});

test('of copies the first one stays; another answer is no copy', () => {
  const rows = [row('Hello there', 'Yes'), row(' hello  THERE', 'yes '), row('Hello there', 'No'), row('Hello there', 'yes')];
  expect(reasons({ dropDuplicates: true }, rows)).toEqual([null, 'duplicate', null, 'duplicate']);
  expect(reasons({}, rows)).toEqual([null, null, null, null]);
});

test('a copy of what was left out is no copy', () => {
  const filter = new RowFilter({ dropDuplicates: true }, languageOf);
  expect(filter.reason(row('a', 'yes'), { person: 'drop', judge: null })).toBe('dropped by a person');
  expect(filter.reason(row('a', 'yes'), NOBODY)).toBeNull();
  expect(filter.reason(row('a', 'yes'), { person: 'keep', judge: null })).toBeNull();
});

test("a person's word wins over filters and judges; a judge's leaves test rows in", () => {
  const filter = new RowFilter({ minAnswerCharacters: 5, dropJudged: true }, languageOf);
  expect(filter.reason(row('a', 'no'), { person: 'keep', judge: 'drop' })).toBeNull();
  expect(filter.reason(row('a', 'answer'), { person: 'drop', judge: 'keep' })).toBe('dropped by a person');
  expect(filter.reason(row('a', 'answer'), { person: null, judge: 'drop' })).toBe('dropped by a judge');
  expect(filter.reason(row('a', 'answer', 'test'), { person: null, judge: 'drop' })).toBeNull();
  expect(new RowFilter({}, languageOf).reason(row('a', 'answer'), { person: null, judge: 'drop' })).toBeNull();
});

test('every language that can be asked for is one that is told', async () => {
  const { eld } = await import('eld/small');
  expect(Object.values(eld.info().Languages).sort()).toEqual([...LANGUAGES].sort());
});
