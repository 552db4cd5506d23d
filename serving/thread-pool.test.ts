import { afterEach, expect, test } from 'vitest';
import { isStillhouseError } from '../contracts/errors.ts';
import { createLogger } from '../platform/logger.ts';
import { createThreadPool, type ThreadPool } from './thread-pool.ts';

const SERVE = new URL('./serve-thread.ts', import.meta.url).href;
const log = createLogger('test', 'fatal');
let pool: ThreadPool;
afterEach(() => pool.close());

/** A program in a URL: what it does with a request is JavaScript. */
function open(handle: string, options: { threads?: number; maxWaiting?: number; opening?: string } = {}): ThreadPool {
  const program = `import { serveThread } from ${JSON.stringify(SERVE)}; const held = new Set();
    serveThread(async () => { ${options.opening ?? ''}; return { handle: async (request) => { ${handle} }, close: async () => {} }; });`;
  pool = createThreadPool({
    program: new URL(`data:text/javascript,${encodeURIComponent(program)}`),
    data: null,
    threads: options.threads ?? 1,
    name: 'the test pool',
    log,
    ...(options.maxWaiting === undefined ? {} : { maxWaiting: options.maxWaiting }),
  });
  return pool;
}

test('answers in the order of the calls, after what was sent before them', async () => {
  open(`if (request.hold) { held.add(request.hold); return; } return [...held, request.n];`);
  const calls = [1, 2, 3].map((n) => pool.call({ n }, (thread) => thread.send({ hold: `h${n}` })));
  expect(await Promise.all(calls)).toEqual([
    ['h1', 1],
    ['h1', 'h2', 2],
    ['h1', 'h2', 'h3', 3],
  ]);
});

test('a thread that crashes fails what it had in hand, retryably, and the next call has a new one', async () => {
  open(`if (request.crash) process.exit(3); return 'fine';`);
  const both = await Promise.allSettled([pool.call({ crash: true }), pool.call({})]);
  for (const ended of both) {
    expect(ended.status).toBe('rejected');
    const { reason } = ended as PromiseRejectedResult;
    expect(isStillhouseError(reason, 'unavailable') && reason.retryable).toBe(true);
  }
  expect(await pool.call({})).toBe('fine');
});

test('a thread that can not start says why, each time', async () => {
  open('', { opening: `throw Object.assign(new Error('no model'), { mark: 'stillhouse.error', code: 'artifact_missing' })` });
  await expect(pool.call({})).rejects.toMatchObject({ code: 'artifact_missing', message: 'no model' });
  await expect(pool.call({})).rejects.toMatchObject({ code: 'artifact_missing' });
});

test('a failing call fails alone', async () => {
  open(`if (request.bad) throw new Error('bad row'); return 'fine';`);
  const [bad, good] = await Promise.allSettled([pool.call({ bad: true }), pool.call({})]);
  expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'internal', message: 'bad row' } });
  expect(good).toMatchObject({ status: 'fulfilled', value: 'fine' });
});

test('the least busy thread takes the call; a full pool refuses', async () => {
  const id = `import('node:worker_threads').then((w) => w.threadId)`;
  open(`return ${id};`, { threads: 2, maxWaiting: 2 });
  const calls = [1, 2, 3, 4].map(() => pool.call<number>({}));
  await expect(pool.call({})).rejects.toMatchObject({ code: 'unavailable' });
  expect(new Set(await Promise.all(calls)).size).toBe(2);
  await pool.close();
  await expect(pool.call({})).rejects.toMatchObject({ code: 'unavailable' });
});
