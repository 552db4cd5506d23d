import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { calling, clientOf, echo, endAll, serving } from './calls.fixture.ts';
import type { HttpRequest } from './http-request.ts';

afterEach(endAll);

test.each([
  ['ASCII', '{"a":1}'],
  ['other text', '{"a":"äöü 你好 🦊"}'],
  ['a megabyte', `"${'ä'.repeat(500_000)}"`],
  ['bytes', Buffer.from('{"a":"ä"}')],
  ['nothing', ''],
])('a body of %s arrives', async (_what, body) => {
  const { origin } = await serving(echo);
  expect((await calling(clientOf(origin), { body }).result).text).toBe(String(body));
});

test('what a server is told', async () => {
  const { origin } = await serving((request, response) => response.end(JSON.stringify([request.method, request.url, request.headers])));
  const { text } = await calling(clientOf(origin), { path: '/a?b=c', headers: { 'x-a': 'b' }, body: 'ä' }).result;
  const host = origin.replace('http://', '');
  expect(JSON.parse(text)).toEqual(['POST', '/a?b=c', { host, connection: 'keep-alive', 'x-a': 'b', 'content-length': '2' }]);
});

test.each([
  [{ headers: { 'x-a': 'b\r\nx-c: d' } }, 'The header "x-a" holds'],
  [{ headers: { 'x-a: b\r\nx-c': 'd' } }, 'may not have the header'],
  [{ headers: { 'content-length': '3' } }, 'may not have the header "content-length"'],
  [{ headers: { 'transfer-encoding': 'chunked' } }, 'may not have the header "transfer-encoding"'],
  [{ path: '/a HTTP/1.1\r\nx: y' }, 'A path holds'],
  [{ path: 'http://elsewhere/' }, 'A path holds'],
])('%o is never sent', async (request, message) => {
  const { origin, sockets } = await serving(echo);
  expect(() => calling(clientOf(origin), request as Partial<HttpRequest>)).toThrow(message);
  await turn();
  expect(sockets).toHaveLength(0);
});

test('one connection serves one call after the other, several serve several', async () => {
  const { origin, sockets } = await serving(echo);
  const client = clientOf(origin);
  for (const body of ['a', 'b', 'c']) expect((await calling(client, { body }).result).text).toBe(body);
  expect(sockets).toHaveLength(1);
  const answers = await Promise.all(['d', 'e', 'f'].map((body) => calling(client, { body }).result));
  expect(answers.map(({ text }) => text)).toEqual(['d', 'e', 'f']);
  expect(sockets).toHaveLength(3);
});

test('beyond its connections calls wait for their turn, in order, and can be given up while they do', async () => {
  const order: string[] = [];
  const held: (() => void)[] = [];
  const { origin, sockets } = await serving((request, response) => {
    order.push(request.text);
    held.push(() => response.end(request.text));
  });
  const client = clientOf(origin, { connections: 2 });
  const calls = ['a', 'b', 'c', 'd', 'e'].map((body) => calling(client, { body }));
  calls[2]!.controller.abort(new Error('given up'));
  await expect(calls[2]!.result).rejects.toThrow('given up');
  for (let answered = 0; answered < 4; answered++) {
    while (held.length === 0) await turn();
    held.shift()!();
  }
  expect((await Promise.all([0, 1, 3, 4].map((at) => calls[at]!.result))).map(({ text }) => text)).toEqual(['a', 'b', 'd', 'e']);
  expect(order.slice(0, 2).toSorted()).toEqual(['a', 'b']);
  expect(order.slice(2).toSorted()).toEqual(['d', 'e']);
  expect(sockets).toHaveLength(2);
});

test('a call that waits gets a new connection where one broke', async () => {
  const { origin } = await serving((request, response) =>
    request.text === 'a' ? request.socket.resetAndDestroy() : response.end(request.text),
  );
  const client = clientOf(origin, { connections: 1 });
  const [a, b] = [calling(client, { body: 'a' }), calling(client, { body: 'b' })];
  await expect(a.result).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect((await b.result).text).toBe('b');
});
