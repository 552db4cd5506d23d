import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { STUDENT_CATALOGUE, tasksFor } from './catalogue.ts';
import { catalogued, shapeOf } from './base-shape.ts';
import { chooseStudent } from './student-name.ts';

/** Weights of a decoder with grouped keys and a gated feed-forward part; what is small (norms, biases) is left out. */
function decoderWeights(a: {
  vocabulary: number;
  hidden: number;
  layers: number;
  query: number;
  key: number;
  inner: number;
  tied: boolean;
}) {
  const layer = 2 * a.hidden * a.query + 2 * a.hidden * a.key + 3 * a.hidden * a.inner;
  return a.vocabulary * a.hidden * (a.tied ? 1 : 2) + a.layers * layer;
}

test.each([
  ['llama-3.2-1b', 2048, 8192, true],
  ['llama-3.1-8b', 4096, 14_336, false],
  ['qwen3-0.6b', 2048, 3072, true],
  ['qwen3-14b', 5120, 17_408, false],
  ['qwen2.5-7b', 3584, 18_944, false],
  ['gemma-3-270m', 1024, 2048, true],
  ['phi-4-mini', 3072, 8192, true],
  ['mistral-7b', 4096, 14_336, false],
  ['smollm3-3b', 2048, 11_008, true],
  ['granite-3.3-8b', 4096, 12_800, true],
  ['deepseek-r1-qwen-1.5b', 1536, 8960, false],
])('the parameters of %s are those that its published widths come to', (name, query, inner, tied) => {
  const entry = catalogued(name)!;
  const weights = decoderWeights({ ...entry, query, key: entry.keyWidth, inner, tied });
  expect(entry.parameters / weights).toBeGreaterThan(1);
  expect(entry.parameters / weights).toBeLessThan(1.0005);
});

test('every short name is one of its kind and is read as its hub id', () => {
  const names = STUDENT_CATALOGUE.map((entry) => entry.name);
  expect(new Set(names).size).toBe(names.length);
  for (const entry of STUDENT_CATALOGUE) {
    expect(chooseStudent(entry.name)).toEqual({ kind: 'hub', id: entry.hubId });
    expect(catalogued(entry.hubId.toUpperCase())).toBe(entry);
  }
});

test('a size is enough for the tasks of its floor', () => {
  expect(tasksFor(135e6)).toEqual([]);
  expect(catalogued('qwen3-0.6b')!.taskFloor).toEqual(['label']);
  expect(catalogued('gemma-3-1b')!.taskFloor).toEqual(['label', 'json']);
  expect(catalogued('llama-3.2-3b')!.taskFloor).toEqual(['label', 'json', 'text']);
  expect(catalogued('llama-3.1-8b')!.taskFloor).toEqual(['label', 'json', 'text', 'long']);
});

test('an unknown base gets a shape that its size can have', () => {
  const shape = shapeOf({ id: 'someone/else', parameters: 7e9, vocabulary: 32_000 });
  expect(shape.hidden).toBeGreaterThan(3800);
  expect(shape.hidden).toBeLessThan(4400);
  expect(shape.layers).toBeGreaterThan(28);
  expect(shape.layers).toBeLessThan(36);
  expect(shapeOf({ id: 'tiny', parameters: 2_000_000, vocabulary: 4000 }).layers).toBeGreaterThan(0);
});

test('the page of students lists the catalogue as it is', () => {
  const page = readFileSync(new URL('../../docs/students.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `([^`]+)` \| (\S+\/\S+) \| [^|]+ \| ([\d,]+) \| (\S+)( \(gated\))? \|.*\| ([^|]+) \|$/gm)];
  expect(rows.map(([, name, hubId, context, licence, gated, tasks]) => [name, hubId, context, licence, Boolean(gated), tasks])).toEqual(
    STUDENT_CATALOGUE.map((entry) => [
      entry.name,
      entry.hubId,
      entry.contextTokens.toLocaleString('en-US'),
      entry.licence,
      entry.gated,
      entry.taskFloor.join(', ') || '–',
    ]),
  );
});
