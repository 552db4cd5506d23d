import { expect, test } from 'vitest';
import { runInOrder, type Task } from './task-order.ts';

test('a task begins when all that it needs is done, and no later', async () => {
  const log: string[] = [];
  const slow = Promise.withResolvers<void>();
  const task = (name: string, after: string[], wait?: Promise<void>): Task => ({
    name,
    after,
    run: async () => {
      log.push(`${name} begins`);
      await wait;
      log.push(`${name} done`);
      // The part that needs nothing of the slow one has come first.
      if (name === 'quick-follower') slow.resolve();
    },
  });
  const tasks = [task('follower', ['slow', 'quick']), task('slow', [], slow.promise), task('quick', []), task('quick-follower', ['quick'])];
  await runInOrder(tasks, new AbortController().signal);
  expect(log.indexOf('follower begins')).toBeGreaterThan(log.indexOf('slow done'));
  expect(log.indexOf('quick-follower done')).toBeLessThan(log.indexOf('slow done'));
  expect(log.filter((line) => line === 'quick begins')).toHaveLength(1);
});

test('what needs the one that failed does not begin', async () => {
  const log: string[] = [];
  const tasks: Task[] = [
    { name: 'broken', after: [], run: () => Promise.reject(new Error('no Python')) },
    { name: 'next', after: ['broken'], run: async () => void log.push('next') },
  ];
  await expect(runInOrder(tasks, new AbortController().signal)).rejects.toThrow('no Python');
  expect(log).toEqual([]);
});

test('after an abort nothing begins', async () => {
  const stop = new AbortController();
  const log: string[] = [];
  const tasks: Task[] = [
    { name: 'first', after: [], run: async () => stop.abort(new Error('Ctrl-C')) },
    { name: 'second', after: ['first'], run: async () => void log.push('second') },
  ];
  await expect(runInOrder(tasks, stop.signal)).rejects.toThrow('Ctrl-C');
  expect(log).toEqual([]);
});
