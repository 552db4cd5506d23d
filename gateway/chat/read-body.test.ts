import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { afterEach, expect, test, vi } from 'vitest';
import type { Inbound } from './inbound.ts';
import { readBody } from './read-body.ts';

afterEach(() => void vi.useRealTimers());

/** A body that arrives as the test says. */
function arriving(headers: Record<string, string> = {}) {
  const incoming = new Readable({ read: () => undefined });
  const inbound = {
    req: { header: (name: string) => headers[name] },
    env: { incoming: incoming as IncomingMessage },
  } as unknown as Inbound;
  return { incoming, inbound };
}

test('a body that drips is given up after two minutes, one that arrives within them is read', async () => {
  vi.useFakeTimers();
  const slow = arriving();
  const given = readBody(slow.inbound, 1e6).catch((error: unknown) => error);
  const steady = arriving();
  const text = readBody(steady.inbound, 1e6);
  for (let second = 0; second < 110; second++) {
    slow.incoming.push('x');
    await vi.advanceTimersByTimeAsync(1000);
  }
  expect(slow.incoming.destroyed).toBe(false);
  steady.incoming.push('{"a":1}');
  steady.incoming.push(null);
  expect(await text).toBe('{"a":1}');
  await vi.advanceTimersByTimeAsync(30_000);
  expect(await given).toMatchObject({ code: 'cancelled' });
  expect([slow.incoming.destroyed, steady.incoming.destroyed]).toEqual([true, true]);
});

test('what is larger than it may be is refused as soon as that is known', async () => {
  await expect(readBody(arriving({ 'content-length': '101' }).inbound, 100)).rejects.toMatchObject({ code: 'body_too_large' });
  const { incoming, inbound } = arriving();
  const read = readBody(inbound, 100).catch((error: unknown) => error);
  incoming.push('x'.repeat(101));
  expect(await read).toMatchObject({ code: 'body_too_large' });
});

test('a body in many pieces is put together, an empty one too', async () => {
  const { incoming, inbound } = arriving();
  const read = readBody(inbound, 1e6);
  const text = 'é🙂'.repeat(5_000);
  for (const byte of Buffer.from(text)) incoming.push(Buffer.of(byte));
  incoming.push(null);
  expect(await read).toBe(text);
  const empty = arriving();
  empty.incoming.push(null);
  expect(await readBody(empty.inbound, 10)).toBe('');
});
