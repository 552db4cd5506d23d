import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import type { ProviderBatch } from '../../store/clickhouse/provider-batches.ts';
import type { Provider } from '../providers/provider.ts';
import { findBatch, usedBy } from './batch-asking.ts';

const batch = {
  models: ['m'],
  endpoint: '/v1/chat/completions',
  inputFileId: 'file-1',
  createdMs: 1_000_000_000_000,
} as unknown as ProviderBatch;
const nobodyKnows = () => Promise.resolve(false);

/** Answers a path with JSON. */
function answering(answerOf: (path: string) => object): Provider {
  const passOn: Provider['passOn'] = ({ path }) =>
    Promise.resolve({ status: 200, headers: {}, body: Readable.from([Buffer.from(JSON.stringify(answerOf(path)))]) });
  return { id: 'lab', passOn } as unknown as Provider;
}

test('a batch with answers whose file is not named yet is asked for again, and has not used nothing', async () => {
  const lab = answering(() => ({}));
  await expect(usedBy(lab, batch, { status: 'completed', request_counts: { completed: 3 } })).rejects.toMatchObject({
    code: 'unavailable',
  });
  await expect(usedBy(lab, batch, { status: 'completed', request_counts: { completed: 0, failed: 3 } })).resolves.toEqual([]);
});

test('a list that is longer than is read does not say that a batch was never made', async () => {
  let pages = 0;
  const lab = answering(() => ({ data: [{ id: `batch-${++pages}`, created_at: 2_000_000_000, input_file_id: 'file-2' }], has_more: true }));
  await expect(findBatch(lab, batch, nobodyKnows)).rejects.toMatchObject({ code: 'unavailable' });
  expect(pages).toBe(20);
  const ends = answering(() => ({ data: [{ id: 'batch-1', created_at: 1, input_file_id: 'file-2' }], has_more: true }));
  await expect(findBatch(ends, batch, nobodyKnows)).resolves.toBeNull();
});
