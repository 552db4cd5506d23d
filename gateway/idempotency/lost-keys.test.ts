import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLogger } from '../../platform/logger.ts';
import type { Answer } from '../chat/answer.ts';
import { secretBox } from '../keys/secret-box.ts';
import { homeStore } from './home-store.ts';
import { Idempotency, KEPT_MS } from './idempotency.ts';

// What a store has lost or a disk has changed: whoever asks again must not be sent to a provider for it.
let folder: string;
let now = Date.now();
let calls = 0;
const open: Idempotency[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stillhouse-lost-keys-'));
  calls = 0;
});
afterEach(() => {
  for (const one of open.splice(0)) one.close();
  rmSync(folder, { recursive: true, force: true });
});

function gateway(): Idempotency {
  const store = homeStore({ folder, quotaBytes: 1e9, now: () => now });
  const made = new Idempotency({ store, box: secretBox('m', 'kept answers'), now: () => now, log: createLogger('test', 'silent') });
  open.push(made);
  return made;
}
const request = { key: 'k', project: 'acme', keyId: 'key_1', parts: ['/v1/chat/completions', '{}'] };
const answering = (text: string) => () => {
  calls++;
  return { answer: Promise.resolve({ status: 200, headers: {}, body: text }), mayHaveCost: () => true, wasSent: () => true };
};
const outcome = (answer: Promise<Answer>) =>
  answer.then(
    ({ body }) => body as string,
    (error: { code?: string }) => error.code,
  );
const files = () => readdirSync(join(folder, 'answers')).map((name) => join(folder, 'answers', name));

test.each([
  ['cut off', () => ''],
  ['cut off in its first digits', (text: string) => text.slice(0, 5)],
  ['overwritten with zeros', (text: string) => '\0'.repeat(text.length)],
])('what a failing disk has %s is not paid for again for a day', async (_what, alter) => {
  const one = gateway();
  await one.answer(request, answering('first'));
  const [path] = files();
  writeFileSync(path!, alter(readFileSync(path!, 'utf8')));
  now = Date.now() + KEPT_MS - 60_000;
  // Another process sweeps the home.
  await gateway().answer({ ...request, key: 'other' }, answering('other'));
  expect(await outcome(one.answer(request, answering('second')))).toBe('idempotency_outcome_unknown');
  now += 120_000;
  expect(await outcome(one.answer(request, answering('third')))).toBe('third');
  now = Date.now();
});

test('a call under way here is known here, though the store has lost it', async () => {
  const one = gateway();
  const answered = Promise.withResolvers<Answer>();
  const begun = Promise.withResolvers<undefined>();
  const first = one.answer(request, () => {
    begun.resolve(undefined);
    return { answer: answered.promise, mayHaveCost: () => true, wasSent: () => true };
  });
  await begun.promise;
  for (const path of files()) rmSync(path);
  expect(await outcome(one.answer(request, answering('again')))).toBe('idempotency_in_flight');
  expect(await outcome(one.answer({ ...request, parts: ['another'] }, answering('again')))).toBe('idempotency_key_reused');
  answered.resolve({ status: 200, headers: {}, body: 'paid' });
  await first;
  expect(await outcome(one.answer(request, answering('again')))).toBe('paid');
  expect(calls).toBe(0);
});

test('a home that takes long to look through holds up no call', async () => {
  await gateway().answer(request, answering('first'));
  // Whoever opens it waits for somebody who writes.
  const slow = join(folder, 'answers', '0');
  execFileSync('mkfifo', [slow]);
  expect(await outcome(gateway().answer({ ...request, key: 'other' }, answering('second')))).toBe('second');
  writeFileSync(slow, '');
});

test('what is claimed counts at once: a cache writes nothing else', async () => {
  const store = homeStore({ folder, quotaBytes: 100, now: () => now });
  const text = `${now + KEPT_MS} ${'x'.repeat(200)}`;
  expect(await store.claim('a', text)).toBeNull();
  await expect(store.claim('b', text)).rejects.toMatchObject({ code: 'unavailable' });
  now += KEPT_MS;
  expect(await store.claim('b', `${now + KEPT_MS} x`)).toBeNull();
  now = Date.now();
  store.close();
});
