import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { until } from '../test/support/until.ts';
import { temporalConnection } from './temporal-connection.ts';

test('a server that stays down is tried again and again, not ever more seldom', async () => {
  let tried = 0;
  const server = createServer((socket) => {
    tried++;
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connection = temporalConnection({ address, namespace: 'default', connectTimeoutMs: 200 });
  const failed = expect.objectContaining({ code: 'unavailable' });
  // By gRPC's own waits the tenth attempt comes after more than a minute.
  await until(
    'it was tried ten times',
    async () => {
      await expect(connection.client()).rejects.toEqual(failed);
      return tried >= 10;
    },
    30_000,
  );
  await connection.close();
  server.close();
}, 40_000);
