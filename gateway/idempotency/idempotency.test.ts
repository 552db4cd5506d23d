import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { HEADERS } from '../../contracts/http.ts';
import { createLogger } from '../../platform/logger.ts';
import type { Answer } from '../chat/answer.ts';
import { secretBox } from '../keys/secret-box.ts';
import { homeStore } from './home-store.ts';
import { Idempotency, KEPT_MS } from './idempotency.ts';
import { MAX_ANSWER_BYTES } from './kept-answer.ts';

const folder = mkdtempSync(join(tmpdir(), 'stillhouse-idempotency-'));
const log = createLogger('test', 'silent');
const open: Idempotency[] = [];
let now = Date.UTC(2026, 0, 1);
let calls = 0;

afterEach(() => {
  for (const one of open.splice(0)) one.close();
  rmSync(join(folder, 'answers'), { recursive: true, force: true });
  calls = 0;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A gateway process's own; two on one folder are two processes of a home. */
function gateway({ masterKey = 'm', quotaBytes = 1e9, at = folder } = {}): Idempotency {
  const store = homeStore({ folder: at, quotaBytes, now: () => now });
  const made = new Idempotency({ store, box: secretBox(masterKey, 'kept answers'), now: () => now, againMs: 5, log });
  open.push(made);
  return made;
}

const request = { key: 'k', project: 'acme', keyId: 'key_1', parts: ['/v1/chat/completions', '{}'] };
const answering = (text: string) => () => {
  calls++;
  return { answer: Promise.resolve({ status: 200, headers: {}, body: text }), mayHaveCost: () => true, wasSent: () => true };
};
const outcome = (answering: Promise<Answer>) =>
  answering.then(
    ({ headers, body }) => `${HEADERS.idempotentReplay in headers ? 'replay' : 'called'}: ${body as string}`,
    (error: { code?: string }) => error.code,
  );
const files = () => readdirSync(join(folder, 'answers')).map((name) => join(folder, 'answers', name));

/** A gateway whose store fails, before it does anything or after, while `failing` says so. */
function failingGateway(method: 'claim' | 'put', when: 'before' | 'after') {
  const store = homeStore({ folder, quotaBytes: 1e9, now: () => now });
  const state = { failing: true };
  const does = store[method].bind(store) as (...given: unknown[]) => Promise<never>;
  store[method] = async (...given: unknown[]) => {
    if (state.failing && when === 'before') throw new Error('timed out');
    const done = await does(...given);
    if (state.failing) throw new Error('timed out');
    return done;
  };
  const made = new Idempotency({ store, box: secretBox('m', 'kept answers'), now: () => now, againMs: 5, log });
  open.push(made);
  return { made, state };
}

test.each(['before', 'after'] as const)('an answer that could not be written is under way until it is (failed %s it was)', async (when) => {
  const { made, state } = failingGateway('put', when);
  const sibling = gateway();
  expect(await outcome(made.answer(request, answering('paid')))).toBe('called: paid');
  if (when === 'before')
    for (const one of [made, sibling]) expect(await outcome(one.answer(request, answering('again')))).toBe('idempotency_in_flight');
  expect(made.inFlight()).toBe(1);
  state.failing = false;
  await expect.poll(() => made.inFlight()).toBe(0);
  for (const one of [made, sibling]) expect(await outcome(one.answer(request, answering('again')))).toBe('replay: paid');
  expect(calls).toBe(1);
});

test('of an answer that was too large to wait in memory it is known that it is lost', async () => {
  const { made, state } = failingGateway('put', 'before');
  expect(await outcome(made.answer(request, answering('x'.repeat(1_000_000))))).toMatch(/^called: x/);
  state.failing = false;
  await expect.poll(() => made.inFlight()).toBe(0);
  expect(await outcome(gateway().answer(request, answering('again')))).toBe('idempotency_outcome_unknown');
});

test.each(['before', 'after'] as const)(
  'a claim that may not have been written is no call: the key is free again (failed %s it was)',
  async (when) => {
    const { made, state } = failingGateway('claim', when);
    const sibling = gateway();
    expect(await outcome(made.answer(request, answering('unsent')))).toBe('unavailable');
    state.failing = false;
    expect(await outcome(made.answer(request, answering('sent')))).toBe('called: sent');
    const other = { ...request, key: 'other' };
    state.failing = true;
    expect(await outcome(made.answer(other, answering('unsent')))).toBe('unavailable');
    state.failing = false;
    await expect.poll(() => outcome(sibling.answer(other, answering('of another')))).toBe('called: of another');
    expect(calls).toBe(2);
  },
);

test('kept for 24 hours, then called again', async () => {
  const one = gateway();
  expect(await outcome(one.answer(request, answering('first')))).toBe('called: first');
  now += KEPT_MS - 1;
  expect(await outcome(one.answer(request, answering('second')))).toBe('replay: first');
  now += 1;
  expect(await outcome(one.answer(request, answering('third')))).toBe('called: third');
  expect(await outcome(one.answer(request, answering('fourth')))).toBe('replay: third');
});

test('what has expired is taken off the disk', async () => {
  const one = gateway();
  await one.answer(request, answering('first'));
  now += KEPT_MS;
  await one.answer({ ...request, key: 'other' }, answering('second'));
  await expect.poll(() => files().length).toBe(1);
});

test.each([{ project: 'other' }, { keyId: 'key_2' }, { key: 'K' }])('%o is another key', async (other) => {
  const one = gateway();
  await one.answer(request, answering('mine'));
  expect(await outcome(one.answer({ ...request, ...other }, answering('theirs')))).toBe('called: theirs');
});

test('nothing of an answer can be read on the disk', async () => {
  await gateway().answer(request, answering('a secret answer'));
  const text = readFileSync(files()[0]!, 'utf8');
  const sealed = Buffer.from(text.split('.')[1]!, 'base64url').toString('latin1');
  for (const one of [text, sealed]) expect(one).not.toContain('secret');
});

test.each([
  ['was altered', (text: string) => text.slice(0, -3) + (text.endsWith('AAA') ? 'BBB' : 'AAA')],
  ['was given a longer life', (text: string) => text.replace(/^\d+/, String(now + 2 * KEPT_MS))],
])('what %s is never given out, and its call is not paid for again', async (_what, alter) => {
  const one = gateway();
  await one.answer(request, answering('first'));
  const [path] = files();
  writeFileSync(path!, alter(readFileSync(path!, 'utf8')));
  expect(await outcome(one.answer(request, answering('second')))).toBe('idempotency_outcome_unknown');
  expect(calls).toBe(1);
});

test('an answer of another key, put in its place, is not given out', async () => {
  const one = gateway();
  await one.answer(request, answering('first'));
  const [mine] = files();
  await one.answer({ ...request, key: 'other' }, answering('second'));
  const theirs = files().find((path) => path !== mine)!;
  writeFileSync(mine!, readFileSync(theirs));
  expect(await outcome(one.answer(request, answering('third')))).toBe('idempotency_outcome_unknown');
});

test('under another master key the outcome is unknown', async () => {
  await gateway().answer(request, answering('first'));
  expect(await outcome(gateway({ masterKey: 'another' }).answer(request, answering('second')))).toBe('idempotency_outcome_unknown');
});

test('of many at once in two processes one calls', async () => {
  const both = [gateway(), gateway()];
  const outcomes = await Promise.all(Array.from({ length: 12 }, (_, i) => outcome(both[i % 2]!.answer(request, answering('once')))));
  expect(calls).toBe(1);
  expect(outcomes.filter((one) => one === 'called: once')).toHaveLength(1);
  for (const one of outcomes) expect(['called: once', 'replay: once', 'idempotency_in_flight']).toContain(one);
});

test.each([
  ['answered', { status: 200, body: 'once' }, true, 'replay: once'],
  ['let go of', { status: 401, body: 'no' }, false, 'called: twice'],
])('a claim that was %s after it was read is asked for again', async (_what, { status, body }, mayHaveCost, expected) => {
  const store = homeStore({ folder, quotaBytes: 1e9, now: () => now });
  const settled = Promise.withResolvers<undefined>();
  const read = store.read.bind(store);
  store.read = async (place) => {
    const found = await read(place);
    answered.resolve({ status, headers: {}, body });
    await settled.promise;
    return found;
  };
  const one = new Idempotency({ store, box: secretBox('m', 'kept answers'), now: () => now, log });
  open.push(one);
  const answered = Promise.withResolvers<Answer>();
  const begun = Promise.withResolvers<undefined>();
  const first = one.answer(request, () => {
    begun.resolve(undefined);
    return { answer: answered.promise, mayHaveCost: () => mayHaveCost, wasSent: () => true };
  });
  await begun.promise;
  const second = outcome(one.answer(request, answering('twice')));
  await first;
  settled.resolve(undefined);
  expect(await second).toBe(expected);
});

test('of many at once one calls, where what lies there has expired', async () => {
  const both = [gateway(), gateway()];
  await both[0]!.answer(request, answering('old'));
  now += KEPT_MS;
  await Promise.all(Array.from({ length: 12 }, (_, i) => outcome(both[i % 2]!.answer(request, answering('new')))));
  expect(calls).toBe(2);
});

test('a failure before anything was sent frees the key, one after it does not', async () => {
  const one = gateway();
  const failing = (sent: boolean) => () => ({
    answer: Promise.reject(new Error('failed')),
    mayHaveCost: () => sent,
    wasSent: () => sent,
  });
  await expect(one.answer(request, failing(false))).rejects.toThrow('failed');
  await expect(one.answer(request, failing(true))).rejects.toThrow('failed');
  expect(await outcome(one.answer(request, answering('again')))).toBe('idempotency_outcome_unknown');
});

test('an answer that is too large to be kept goes out, and is lost for the next who asks', async () => {
  const one = gateway();
  expect(await outcome(one.answer(request, answering('x'.repeat(MAX_ANSWER_BYTES + 1))))).toMatch(/^called: x/);
  expect(await outcome(one.answer(request, answering('again')))).toBe('idempotency_outcome_unknown');
});

test('over its quota a home takes no more keys, until what it keeps has expired', async () => {
  const one = gateway({ quotaBytes: 100 });
  await one.answer(request, answering('first'));
  expect(await outcome(one.answer({ ...request, key: 'other' }, answering('second')))).toBe('unavailable');
  expect(calls).toBe(1);
  now += KEPT_MS;
  expect(await outcome(one.answer({ ...request, key: 'other' }, answering('third')))).toBe('called: third');
});

test.each(['', 'ü', 'x'.repeat(256)])('%j is no key', async (key) => {
  expect(await outcome(gateway().answer({ ...request, key }, answering('first')))).toBe('invalid_request');
});

// A disk that is really full: a file system in memory. It takes the right to mount one.
const small = mkdtempSync(join(tmpdir(), 'stillhouse-idempotency-full-'));
const mounted = (() => {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
afterAll(() => {
  if (mounted) execFileSync('umount', ['-l', small]);
  rmSync(small, { recursive: true, force: true });
});

test.skipIf(!mounted)(
  'disk full: refused before it is sent; a paid answer goes out though it cannot be kept (needs the right to mount)',
  async () => {
    const one = gateway({ at: small });
    const ballast = join(small, 'ballast');
    const full = () => expect(() => writeFileSync(ballast, Buffer.alloc(2 * 1024 * 1024))).toThrow('ENOSPC');
    const filling = () => {
      full();
      return answering('paid')();
    };
    expect(await outcome(one.answer(request, filling))).toBe('called: paid');
    expect(await outcome(one.answer(request, answering('again')))).toBe('idempotency_in_flight');
    expect(await outcome(one.answer({ ...request, key: 'other' }, answering('other')))).toBe('unavailable');
    expect(calls).toBe(1);
    rmSync(ballast);
    await expect.poll(() => outcome(one.answer(request, answering('again')))).toBe('replay: paid');
    expect(await outcome(one.answer({ ...request, key: 'other' }, answering('other')))).toBe('called: other');
  },
);
