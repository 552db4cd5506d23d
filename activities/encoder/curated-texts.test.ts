import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { DatasetRow } from '../../contracts/datasets.ts';
import { openArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { curateRow } from '../curate.ts';
import { readCuratedTexts } from './curated-texts.ts';

const folder = mkdtempSync(join(tmpdir(), 'stillhouse-curated-'));
const artifacts = openArtifactStore(`file:${folder}`);
afterAll(() => rmSync(folder, { recursive: true }));

const LABELS = ['a', 'b'];
const PLAN = { teacher: 'lab/teacher', task: { kind: 'label' as const }, labels: LABELS, keepBest: 2 };

function line(split: 'train' | 'validation', text: string, ...answers: [answer: string, finishReason?: string][]): string {
  const none = { tools: null, responseFormat: null, parameters: {}, promptTokens: 0, traceId: '', reference: '', referenceTarget: '' };
  const row: DatasetRow = {
    rowId: text,
    promptHash: text,
    group: text,
    split,
    position: 0,
    messages: [{ role: 'user', content: text }],
    ...none,
  };
  const samples = answers.map(([answer, finishReason = 'stop']) => ({ answer, finishReason }));
  return JSON.stringify({ ...curateRow(PLAN, row, samples, undefined).curated, split });
}

test('training rows that curation gave no vote are unlabelled traffic; those of validation teach nothing', async () => {
  const lines = [
    ...Array.from({ length: 12 }, (_, i) => line('train', `labelled ${i}`, [LABELS[i % 2]!])),
    line('train', 'not sampled'),
    line('train', 'cut off', ['b and', 'length']),
    line('train', 'outside the set', ['c'], ['d']),
    line('validation', 'held out', ['a']),
    line('validation', 'held out, no vote', ['c']),
  ];
  const curated = await artifacts.put('curated.jsonl', Buffer.from(lines.join('\n')));
  const texts = await readCuratedTexts(artifacts, curated, LABELS);
  expect(texts.unlabelled).toEqual(['not sampled', 'cut off', 'outside the set']);
  expect(texts.train).toHaveLength(12);
  expect(texts.validation).toEqual([{ text: 'held out', votes: [1, 0] }]);
});
