import { Pool, type Dispatcher } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { type CallDispatcher, HttpClient } from './http-client.ts';
import { type Script, type ScriptedServer, startScriptedServer } from './scripted-server.fixture.ts';

const TIMEOUTS = { connectMs: 2_000, firstByteMs: 2_000, idleMs: 2_000 };
const REQUEST = {
  method: 'POST',
  path: '/v1/chat/completions',
  headers: { 'content-type': 'application/json' },
  body: '{"a":"ä"}',
} as const;

interface Outcome {
  status?: number;
  headers?: object;
  body: string;
  error?: string;
}

let server: ScriptedServer;
const open: { destroy(): Promise<void> }[] = [];
beforeAll(async () => void (server = await startScriptedServer()));
afterAll(() => server.stop());
afterEach(() => Promise.all(open.splice(0).map((one) => one.destroy())));

function ours(options: Partial<ConstructorParameters<typeof HttpClient>[1]> = {}): HttpClient {
  const client = new HttpClient(server.origin, { connections: 4, timeouts: TIMEOUTS, ...options });
  open.push(client);
  return client;
}

function undicis(): Pool {
  const pool = new Pool(server.origin, { connections: 4, pipelining: 1, headersTimeout: 2_000, bodyTimeout: 2_000 });
  open.push(pool);
  return pool;
}

function codeOf(error: Error & { code?: string }): string {
  return error.name === 'HTTPParserError' || error.code?.startsWith('HPE_') ? 'HPE' : (error.code ?? error.message);
}

function outcome(client: CallDispatcher, request: Parameters<CallDispatcher['dispatch']>[0] = REQUEST): Promise<Outcome> {
  return new Promise((resolve) => {
    const got: Outcome = { body: '' };
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => undefined,
      onResponseStart(_controller, status, headers) {
        if (status >= 200) Object.assign(got, { status, headers: { ...headers } });
      },
      onResponseData: (_controller, chunk) => void (got.body += chunk.toString('latin1')),
      onResponseEnd: () => resolve(got),
      onResponseError: (_controller, error) => resolve({ ...got, error: codeOf(error) }),
    };
    client.dispatch(request, handler);
  });
}

async function played(script: Script, client: CallDispatcher): Promise<{ outcome: Outcome; connections: number }> {
  server.script = script;
  const before = server.connections;
  const first = await outcome(client);
  // undici takes a connection again a little later; a server's close may be on its way.
  await delay(20);
  server.script = { pieces: [Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')], ending: 'stay' };
  const second = await outcome(client);
  expect(second.body).toBe('ok');
  return { outcome: first, connections: server.connections - before };
}

const WIRES: [string, string, Script['ending']][] = [
  ['a body of known length', 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"a":"b","c"}', 'stay'],
  ['no body', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', 'stay'],
  ['204', 'HTTP/1.1 204 No Content\r\nx: y\r\n\r\n', 'stay'],
  ['304', 'HTTP/1.1 304 Not Modified\r\ncontent-length: 0\r\n\r\n', 'stay'],
  ['no reason', 'HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nab', 'stay'],
  ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0A\r\n, world ! \r\n0\r\n\r\n', 'stay'],
  [
    'chunks with extensions and trailers',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;a=b\r\nab\r\n0\r\nx-sum: 1\r\nx-b: 2\r\n\r\n',
    'stay',
  ],
  [
    'values with blanks around them, and several of one name',
    'HTTP/1.1 200 OK\r\nx-a: \t 1\r\nset-cookie: a\r\nSet-Cookie: b\r\nx-e:\r\ncontent-length: 1\r\n\r\nx',
    'stay',
  ],
  ['a name of every object', 'HTTP/1.1 200 OK\r\nconstructor: a\r\ntostring: b\r\ncontent-length: 1\r\n\r\nx', 'stay'],
  ['103 before it', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx', 'stay'],
  ['connection: close', 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 1\r\n\r\nx', 'close'],
  ['no length, until it closes', 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\nall of it', 'close'],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\nx', 'close'],
  ['closed without an answer', '', 'close'],
  ['reset without an answer', '', 'reset'],
  ['closed in its head', 'HTTP/1.1 200 OK\r\ncontent-le', 'close'],
  ['closed in its body', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc', 'close'],
  ['closed in a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel', 'close'],
  ['closed before the last chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n', 'close'],
  ['reset in its body', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc', 'reset'],
  ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', 'stay'],
  ['a page without a head', '<html><body>502</body></html>', 'close'],
  ['a length that is none', 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nx', 'stay'],
  ['a folded header', 'HTTP/1.1 200 OK\r\nx-a: b\r\n c\r\ncontent-length: 1\r\n\r\nx', 'stay'],
  ['a blank before a colon', 'HTTP/1.1 200 OK\r\nx-a : b\r\ncontent-length: 1\r\n\r\nx', 'stay'],
  ['a header without a colon', 'HTTP/1.1 200 OK\r\nx-a\r\ncontent-length: 1\r\n\r\nx', 'stay'],
  ['NUL in a header', 'HTTP/1.1 200 OK\r\nx-a: b\0c\r\ncontent-length: 1\r\n\r\nx', 'stay'],
  ['a chunk without a size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\nab\r\n0\r\n\r\n', 'stay'],
  ['a chunk longer than it says', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n', 'stay'],
  ['a head of 20 kB', `HTTP/1.1 200 OK\r\nx-a: ${'a'.repeat(20_000)}\r\ncontent-length: 1\r\n\r\nx`, 'stay'],
];

/** Each at once and byte by byte. */
function splitsOf(wire: string): [string, Buffer[]][] {
  const bytes = Buffer.from(wire, 'latin1');
  const single = Array.from(bytes.subarray(0, 2000), (_, at) => bytes.subarray(at, at + 1));
  return [
    ['at once', bytes.length > 0 ? [bytes] : []],
    ['byte by byte', bytes.length > 2000 ? [...single, bytes.subarray(2000)] : single],
  ];
}

describe.each(WIRES)('%s', (_name, wire, ending) => {
  test.each(splitsOf(wire))('%s: as undici reads it', async (_how, pieces) => {
    const [mine, theirs] = [await played({ pieces, ending }, ours()), await played({ pieces, ending }, undicis())];
    expect(mine).toEqual(theirs);
  });
});

/** What undici reads in another way. */
const OTHERWISE: [string, string, Script['ending'], Outcome][] = [
  // undici cuts the connection.
  [
    '100 before it',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx',
    'stay',
    { status: 200, headers: { 'content-length': '1' }, body: 'x' },
  ],
  // It takes it for whole.
  [
    'no length, until it is reset',
    'HTTP/1.1 200 OK\r\nx-a: b\r\n\r\nall of',
    'reset',
    { status: 200, headers: { 'x-a': 'b' }, body: 'all of', error: 'ECONNRESET' },
  ],
  // It keeps them.
  [
    'blanks behind a value',
    'HTTP/1.1 200 OK\r\nx-a: b \t\r\ncontent-length: 1\r\n\r\nx',
    'stay',
    { status: 200, headers: { 'x-a': 'b', 'content-length': '1' }, body: 'x' },
  ],
  // It says UND_ERR_RES_CONTENT_LENGTH_MISMATCH, of what has not been sent, too (RFC 9110, 8.6).
  [
    'the length of what was not modified',
    'HTTP/1.1 304 Not Modified\r\ncontent-length: 90\r\n\r\n',
    'stay',
    { body: '', status: 304, headers: { 'content-length': '90' } },
  ],
  ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxy', 'stay', { body: '', error: 'HPE' }],
  [
    'a length and chunks',
    'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
    'stay',
    { body: '', error: 'HPE' },
  ],
];

describe.each(OTHERWISE)('%s', (_name, wire, ending, expected) => {
  test.each(splitsOf(wire))('%s', async (_how, pieces) => {
    expect((await played({ pieces, ending }, ours())).outcome).toEqual(expected);
  });
});

test('answers split anywhere are the same', async () => {
  const [mine, theirs] = [ours(), undicis()];
  const wires = fc.constantFrom(
    ...WIRES.map(([, wire, ending]) => ({ wire: Buffer.from(wire, 'latin1'), ending })).filter(({ wire }) => wire.length > 1),
  );
  const cuts = fc.array(fc.nat(400), { minLength: 1, maxLength: 6 });
  const property = fc.asyncProperty(wires, cuts, async ({ wire, ending }, at) => {
    const sorted = [0, ...at.map((one) => one % wire.length), wire.length].toSorted((a, b) => a - b);
    const pieces = sorted.slice(1).map((to, index) => wire.subarray(sorted[index], to));
    expect((await played({ pieces, ending }, mine)).outcome).toEqual((await played({ pieces, ending }, theirs)).outcome);
  });
  await fc.assert(property, { numRuns: 60 });
});

test('of answers with wrong bytes none is read as another than undici reads', async () => {
  const [mine, theirs] = [ours(), undicis()];
  const wires = fc.constantFrom(...WIRES.filter(([, wire]) => wire.length > 20 && wire.length < 1000).map(([, wire]) => wire));
  const wrong = fc.record({
    at: fc.nat(200),
    drop: fc.nat(3),
    put: fc.constantFrom('', '\r', '\n', '\r\n', ' ', ':', '\0', '0', '9', 'f', ';', ',', 'HTTP/1.1 ', '\x80'),
  });
  const property = fc.asyncProperty(wires, wrong, async (wire, { at, drop, put }) => {
    const from = at % wire.length;
    const pieces = [Buffer.from(wire.slice(0, from) + put + wire.slice(from + drop), 'latin1')];
    // The server closes after each: what has no end gets one.
    const script = { pieces, ending: 'close' } as const;
    const got = (await played(script, mine)).outcome;
    // It may refuse what undici takes, never the other way round but for what OTHERWISE says.
    if (got.error !== undefined) return;
    const expected = (await played(script, theirs)).outcome;
    if (got.status === 304) delete expected.error;
    const trimmed = Object.fromEntries(
      Object.entries(expected.headers ?? {}).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.map((one) => one.trim()) : value?.trim(),
      ]),
    );
    expect(got).toEqual({ ...expected, headers: trimmed });
  });
  // The same ones each time: what tens of thousands of others find is worth a look, and is nothing that a change has broken.
  await fc.assert(property, { numRuns: 200, seed: 1 });
});
