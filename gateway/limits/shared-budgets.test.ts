import { expect, test, vi } from 'vitest';
import { batchHold } from './batch-hold.ts';
import { SharedBudgets } from './shared-budgets.ts';
import type { ValkeyConnection } from './valkey.ts';

const NOW = Date.UTC(2026, 2, 4, 12);

test('a batch that Valkey holds already is not written into it at each reading', async () => {
  const hset = vi.fn<(hash: string, field: string) => void>();
  const written = {
    hset(hash: string, field: string) {
      hset(hash, field);
      return this;
    },
    expire() {
      return this;
    },
    exec: () => Promise.resolve([]),
  };
  const valkey = { ready: () => true, client: { multi: () => written } } as unknown as ValkeyConnection;
  const budgets = new SharedBudgets(valkey, { process: 'one', now: () => NOW });
  const batches = [{ project: 'acme', callId: 'a', keyId: 'app', day: '2026-03-04', usd: 1 }];
  await budgets.followBatches(batches, new Map(), () => 0);
  const hashes = hset.mock.calls.map(([hash]) => hash);
  expect(new Set(hashes).size).toBe(4);
  const kept = new Map(hashes.map((hash) => [hash, new Set([batchHold('a')])]));
  await budgets.followBatches(batches, kept, () => 0);
  expect(hset).toHaveBeenCalledTimes(4);
});
