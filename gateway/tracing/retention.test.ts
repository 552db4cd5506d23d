import { expect, test, vi } from 'vitest';
import { createLogger } from '../../platform/logger.ts';
import { applyRetention } from './retention.ts';

test('deletes by whole days of UTC, where a project says so; one that fails holds up no other', async () => {
  const remove = vi.fn<(project: string, before: number) => Promise<boolean>>(async (project) => {
    if (project === 'broken') throw new Error('no');
    return true;
  });
  const days: Record<string, number | null> = { broken: 1, month: 30, always: null };
  await applyRetention({
    projects: () => Object.keys(days),
    daysOf: (project) => days[project]!,
    remove,
    now: () => Date.parse('2026-03-31T17:45:00.000Z'),
    log: createLogger('test', 'error'),
  });
  expect(remove.mock.calls).toEqual([
    ['broken', Date.parse('2026-03-30T00:00:00.000Z')],
    ['month', Date.parse('2026-03-01T00:00:00.000Z')],
  ]);
});
