import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEFAULT_SPLITS, SPLITS } from '../../contracts/datasets.ts';
import { groupOf, splitOf } from '../../core/dataset/split.ts';
import { demoMessages } from '../../examples/banking77/banking77.ts';
import { LABELS } from '../support/distil-bench.ts';
import type { TestControlPlane } from './control-plane.ts';
import { startWorkedPlane, type WorkedPlane } from './worked-plane.ts';

let worked: WorkedPlane;
let plane: TestControlPlane;

const messages = LABELS.flatMap((label) => demoMessages('train', [label]).slice(0, 45));
/** Every thirtieth message has another label than its own. */
const wrong = new Set(messages.filter((_, i) => i % 30 === 7).map(({ text }) => text.trim()));
const splitOfText = (text: string) => splitOf(groupOf(text), DEFAULT_SPLITS);

/** A test message, and itself with marks that move it into training: near-duplicate groups know nothing of marks. */
function leakingPair(): { text: string; copy: string; label: string } {
  for (const { text, label } of messages) {
    const copy = ['!', '.', '?', '…'].map((mark) => `${text.trim()}${mark}`).find((variant) => splitOfText(variant) === 'train');
    if (splitOfText(text) === 'test' && copy) return { text, copy, label };
  }
  throw new Error('no message has such a variant');
}

beforeAll(async () => {
  worked = await startWorkedPlane();
  ({ plane } = worked);
  const other = (label: string) => LABELS[(LABELS.indexOf(label) + 1) % LABELS.length]!;
  const rows = messages.map(({ text, label }) => ({ text, answer: wrong.has(text.trim()) ? other(label) : label }));
  const pair = leakingPair();
  rows.push({ text: pair.copy, answer: pair.label });
  const jsonl = rows.map(({ text, answer }) => JSON.stringify({ messages: [{ role: 'user', content: text }], answer })).join('\n');
  const { file } = await plane.sdk.datasets.upload(jsonl);
  await plane.sdk.datasets.create({ name: 'bank', source: { file }, task: { kind: 'label', labels: LABELS } });
  await plane.sdk.datasets.waitUntilBuilt('bank');
}, 60_000);
afterAll(() => worked?.stop());

test('before an inspection there is none, and no order by suspicion', async () => {
  expect(await plane.sdk.datasets.curation.inspection('bank')).toMatchObject({ status: 'none', card: null });
  await expect(plane.sdk.datasets.rowsPage('bank', { order: 'suspect' })).rejects.toMatchObject({ status: 409 });
});

test('rows whose neighbours have another label come first, and a test row that is nearly a training row is found', async () => {
  const begun = await plane.sdk.datasets.curation.inspect('bank');
  expect(begun).toMatchObject({ version: 1, status: 'running', location: '/api/datasets/bank/inspection?version=1' });
  const { status, card } = await plane.sdk.datasets.curation.waitUntilInspected('bank', 1, { timeoutMs: 100_000 });
  expect(status).toBe('completed');
  const dataset = await plane.sdk.datasets.get('bank');
  expect(card).toMatchObject({ rows: messages.length + 1, leakage: { testRows: dataset.rows.test, sharedGroups: 0 } });
  expect(card!.leakage.near).toBeGreaterThanOrEqual(1);
  expect(card!.leakage.sameWords).toBeGreaterThanOrEqual(1);
  expect(card!.leakage.histogram.reduce((sum, { count }) => sum + count, 0)).toBe(dataset.rows.test);

  const pair = leakingPair();
  const textOf = (row: { messages: { content?: unknown }[] }) => (row.messages[0]!.content as string).trim();
  const rows = await Promise.all(
    SPLITS.map((split) => Array.fromAsync(plane.sdk.datasets.rows('bank', { split, order: 'suspect', limit: 17 }))),
  );
  const test = rows[2]!.find((row) => textOf(row) === pair.text.trim());
  const train = rows[0]!.find((row) => textOf(row) === pair.copy);
  expect(card!.leakage.pairs).toContainEqual({ testRow: test!.rowId, trainRow: train!.rowId, cosine: expect.any(Number) });
  for (const [i, split] of SPLITS.entries()) {
    expect(rows[i]).toHaveLength(dataset.rows[split]);
    const figures = rows[i]!.map(({ suspicion }) => suspicion!);
    expect(figures).toEqual(figures.toSorted((a, b) => b - a));
  }
  // Of rows in all, the wrong ones are the most suspect; a message that is hard to tell may be among them.
  const first = rows
    .flat()
    .sort((a, b) => b.suspicion! - a.suspicion!)
    .slice(0, wrong.size + 2);
  expect(first.filter((row) => wrong.has(textOf(row))).length).toBeGreaterThanOrEqual(wrong.size - 1);
});

test('what was found of a version stands', async () => {
  const again = await plane.sdk.datasets.curation.inspect('bank');
  expect(again.status).toBe('completed');
  expect(again.card).toEqual((await plane.sdk.datasets.curation.inspection('bank')).card);
  await expect(plane.sdk.datasets.curation.inspect('nope')).rejects.toMatchObject({ status: 404 });
});
