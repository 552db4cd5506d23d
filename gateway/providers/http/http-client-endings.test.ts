import { once } from 'node:events';
import type { Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import tls from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { calling, clientOf, echo, endAll, ends, listening, serving, TIMEOUTS } from './calls.fixture.ts';
import { LOOPBACK_CERTIFICATE, LOOPBACK_KEY } from './loopback-certificate.fixture.ts';

afterEach(endAll);

test('a call given up under way closes its connection, and its end is told once', async () => {
  const { origin, sockets } = await serving((_request, response) => void response.write('begun'));
  const client = clientOf(origin);
  const errors: Error[] = [];
  const data = Promise.withResolvers<undefined>();
  const call = calling(
    client,
    {},
    { onResponseData: () => data.resolve(undefined), onResponseError: (_controller, error) => void errors.push(error) },
  );
  await data.promise;
  const closed = once(sockets[0]!, 'close');
  call.controller.abort(new Error('given up'));
  call.controller.abort(new Error('again'));
  await closed;
  expect(errors.map(({ message }) => message)).toEqual(['given up']);
});

test('given up before it is sent, it is never sent', async () => {
  const { origin, sockets } = await serving(echo);
  const client = clientOf(origin);
  const call = calling(client, {}, { onRequestStart: (controller) => controller.abort(new Error('given up')) });
  await expect(call.result).rejects.toThrow('given up');
  await turn();
  expect(sockets).toHaveLength(0);
});

test.each(['onResponseStart', 'onResponseData', 'onResponseEnd'] as const)(
  'what %s throws is told, and the next call is answered',
  async (method) => {
    const { origin } = await serving(echo);
    const client = clientOf(origin);
    const failing = () => {
      throw new Error('of the handler');
    };
    await expect(calling(client, { body: 'a' }, { [method]: failing }).result).rejects.toThrow('of the handler');
    expect((await calling(client, { body: 'b' }).result).text).toBe('b');
  },
);

test('a late word to a call that is over does not touch the next one on its connection', async () => {
  const { origin } = await serving((request, response) => void setImmediate(() => response.end(request.text)));
  const client = clientOf(origin);
  const first = calling(client, { body: 'a' });
  await first.result;
  const second = calling(client, { body: 'b' });
  first.controller.abort(new Error('late'));
  first.controller.pause();
  expect((await second.result).text).toBe('b');
});

test('a reader who pauses holds the server up, and gets all of it', async () => {
  let written = 0;
  const size = 64 * 1024 * 1024;
  const { origin } = await serving((request, response) => {
    if (request.text !== 'much') return void response.end(request.text);
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const write = () => {
      while (written < size) {
        written += chunk.length;
        if (!response.write(chunk)) return void response.once('drain', write);
      }
      response.end();
    };
    write();
  });
  const client = clientOf(origin);
  let got = 0;
  const paused = Promise.withResolvers<undefined>();
  const ended = Promise.withResolvers<undefined>();
  const { controller } = calling(
    client,
    { body: 'much' },
    {
      onResponseData(controller, chunk) {
        if (got === 0) {
          controller.pause();
          paused.resolve(undefined);
        }
        got += chunk.length;
      },
      onResponseEnd: () => ended.resolve(undefined),
    },
  );
  await paused.promise;
  const before = got;
  // Other calls go their way meanwhile; each takes several turns in which more would come.
  for (let other = 0; other < 200; other++) await calling(client).result;
  expect(got).toBe(before);
  expect(written).toBeLessThan(size);
  controller.resume();
  await ended.promise;
  expect(got).toBe(size);
});

test.each([
  ['a handshake', 'https', 'connectMs', () => undefined, 'UND_ERR_CONNECT_TIMEOUT'],
  ['a first byte', 'http', 'firstByteMs', () => undefined, 'UND_ERR_HEADERS_TIMEOUT'],
  ['the end of a head', 'http', 'firstByteMs', (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\n'), 'UND_ERR_HEADERS_TIMEOUT'],
  [
    'more of a body',
    'http',
    'idleMs',
    (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab'),
    'UND_ERR_BODY_TIMEOUT',
  ],
] as const)('waits for %s no longer than it may', async (_what, protocol, timeout, begin, code) => {
  const server = createTcpServer((socket) => void begin(socket.on('error', () => undefined)));
  const port = await listening(server);
  const client = clientOf(`${protocol}://127.0.0.1:${port}`, { timeouts: { ...TIMEOUTS, [timeout]: 50 } });
  await expect(calling(client).result).rejects.toMatchObject({ code });
});

test('an answer before the request is through is read, and the connection not used again', async () => {
  let connections = 0;
  const server = createTcpServer((socket) => {
    connections++;
    // It reads nothing more.
    socket.on('error', () => undefined).once('data', () => socket.pause().write('HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno'));
  });
  const client = clientOf(`http://127.0.0.1:${await listening(server)}`);
  for (let i = 0; i < 2; i++) expect(await calling(client, { body: 'x'.repeat(20_000_000) }).result).toEqual({ status: 413, text: 'no' });
  expect(connections).toBe(2);
});

test.each([
  ['says that it keeps a connection for two seconds only', 'keep-alive: timeout=2\r\n', ''],
  ['sends more than it was asked for', '', 'more'],
])('a server that %s gets a new one for the next call', async (_what, header, more) => {
  let connections = 0;
  const server = createTcpServer((socket) => {
    connections++;
    socket.on('error', () => undefined).on('data', () => socket.write(`HTTP/1.1 200 OK\r\n${header}content-length: 2\r\n\r\nok${more}`));
  });
  const client = clientOf(`http://127.0.0.1:${await listening(server)}`);
  for (let i = 0; i < 2; i++) expect((await calling(client).result).text).toBe('ok');
  expect(connections).toBe(2);
});

test('a server that speaks unasked on a free connection loses it', async () => {
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined).on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
  });
  const client = clientOf(`http://127.0.0.1:${await listening(server)}`);
  await calling(client).result;
  const closed = once(sockets[0]!, 'close');
  sockets[0]!.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfake');
  await closed;
  expect((await calling(client).result).text).toBe('ok');
});

test('over TLS: large answers, one connection after the other, and trust in nobody unknown', async () => {
  const before = tls.getCACertificates('default');
  const secure = createSecureServer({ key: LOOPBACK_KEY, cert: LOOPBACK_CERTIFICATE });
  const { origin } = await serving((request, response) => response.end(request.text.repeat(1000)), secure as unknown as Server);
  let connections = 0;
  secure.on('secureConnection', () => connections++);
  const url = origin.replace('http:', 'https:');
  await expect(calling(clientOf(url)).result).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  tls.setDefaultCACertificates([LOOPBACK_CERTIFICATE]);
  ends.push(() => tls.setDefaultCACertificates(before));
  const client = clientOf(url);
  for (let i = 0; i < 2; i++) expect((await calling(client, { body: 'ä'.repeat(2000) }).result).text).toBe('ä'.repeat(2_000_000));
  expect(connections).toBe(1);
});

test('an address that may not be called is not called', async () => {
  const refusal = Object.assign(new Error('private'), { code: 'STILLHOUSE_PRIVATE_ADDRESS' });
  const client = clientOf('http://provider.test', { lookup: (_name, _options, done) => done(refusal, '', 0) });
  await expect(calling(client).result).rejects.toBe(refusal);
});

test('one that nobody listens on is refused', async () => {
  const server = createTcpServer();
  const port = await listening(server);
  await ends.pop()!();
  await expect(calling(clientOf(`http://127.0.0.1:${port}`)).result).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('destroyed, it fails the calls under way, those that wait, and later ones', async () => {
  const { origin } = await serving(() => undefined);
  const client = clientOf(origin, { connections: 1 });
  const calls = [calling(client), calling(client)];
  await client.destroy();
  for (const { result } of [...calls, calling(client)]) await expect(result).rejects.toMatchObject({ code: 'UND_ERR_DESTROYED' });
});
