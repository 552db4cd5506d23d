import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from 'vitest';
import type { AnswerStream } from './chat/answer.ts';
import { directListener } from './direct-listener.ts';

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
