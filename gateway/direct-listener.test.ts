import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from 'vitest';
import type { AnswerStream } from './chat/answer.ts';
import { directListener } from './direct-listener.ts';

test('a stream for a caller who is gone is ended, and a failure of that ends nothing else', async () => {
  const cancelled = Promise.withResolvers<undefined>();
  const gone = Promise.withResolvers<undefined>();
  const body: AnswerStream = {
    pull: () => Promise.reject(new Error('nobody reads it')),
    cancel() {
      cancelled.resolve(undefined);
      return Promise.reject(new Error('the disk is full'));
    },
  };
  const server = createServer(
    directListener(
      new Map([
        [
          '/v1/stream',
          async ({ env }) => {
            caller.destroy();
            await once(env!.outgoing!, 'close');
            gone.resolve(undefined);
            return { status: 200, headers: {}, body };
          },
        ],
      ]),
      (_incoming, outgoing) => void outgoing.end(),
    ),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const caller = connect((server.address() as AddressInfo).port, '127.0.0.1');
  caller.write('POST /v1/stream HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n');
  await gone.promise;
  await cancelled.promise;
  // A rejection that nobody heard would be known by now, and would end the process.
  await new Promise((resolve) => setImmediate(resolve));
  server.close();
});

test('a caller who takes nothing of a stream is gone after a while, and the call is ended', async () => {
  const cancelled = Promise.withResolvers<undefined>();
  let pieces = 0;
  const body: AnswerStream = {
    async pull(sink) {
      pieces++;
      sink.enqueue(Buffer.alloc(64 * 1024));
    },
    async cancel() {
      cancelled.resolve(undefined);
    },
  };
  const answer = () => Promise.resolve({ status: 200, headers: {}, body });
  const server = createServer(directListener(new Map([['/v1/stream', answer]]), (_incoming, outgoing) => void outgoing.end(), 50));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const caller = connect((server.address() as AddressInfo).port, '127.0.0.1');
  caller.on('error', () => undefined);
  caller.pause().write('POST /v1/stream HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n');
  await cancelled.promise;
  expect(pieces).toBeLessThan(1000);
  caller.destroy();
  server.close();
});

test('a caller who takes nothing of a whole answer is gone after a while, one who takes it slowly is not', async () => {
  const body = 'x'.repeat(32 * 1024 * 1024);
  const answer = () => Promise.resolve({ status: 200, headers: {}, body });
  const server = createServer(directListener(new Map([['/v1/whole', answer]]), (_incoming, outgoing) => void outgoing.end(), 300));
  const ended: boolean[] = [];
  server.on('request', (_incoming, outgoing) => outgoing.on('close', () => ended.push(outgoing.writableFinished)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const call = () => {
    const caller = connect((server.address() as AddressInfo).port, '127.0.0.1');
    caller.on('error', () => undefined);
    caller.pause().write('POST /v1/whole HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n');
    return caller;
  };
  const idle = call();
  await expect.poll(() => ended).toEqual([false]);
  const slow = call();
  let bytes = 0;
  slow.on('data', (piece: Buffer) => {
    bytes += piece.length;
    slow.pause();
    setTimeout(() => slow.resume(), 2);
  });
  slow.resume();
  await expect.poll(() => bytes, { timeout: 60_000 }).toBeGreaterThan(body.length);
  await expect.poll(() => ended).toEqual([false, true]);
  for (const caller of [idle, slow]) caller.destroy();
  server.close();
});
