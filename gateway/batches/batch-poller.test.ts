import { setImmediate as turn } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { createLogger } from '../../platform/logger.ts';
import type { ProviderBatch } from '../../store/clickhouse/provider-batches.ts';
import { pollBatches } from './batch-poller.ts';

test('batches that can not be noted as taken are not tried again without a pause', async () => {
  const due = Array.from({ length: 20 }, (_, at) => ({ callId: `call-${at}`, id: `batch-${at}` }) as ProviderBatch);
  let asked = 0;
  const look = vi.fn<() => Promise<void>>(() => Promise.reject(new Error('the table is read-only')));
  const poller = pollBatches({
    records: { take: () => Promise.resolve(null), leaseMs: 1_000_000, pollMs: 1_000_000 },
    async due() {
      asked++;
      await turn();
      return due;
    },
    look,
    log: createLogger('test', 'silent'),
  });
  await vi.waitFor(() => expect(look.mock.calls.length).toBeGreaterThanOrEqual(20));
  for (let i = 0; i < 100; i++) await turn();
  expect([asked, look.mock.calls.length]).toEqual([2, 20]);
  await poller.close(0);
});
