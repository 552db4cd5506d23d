/** What a project doesn't want on a disk is on none: looked for in every file of a gateway's home, then in every table. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { HEADERS } from '../../contracts/http.ts';
import { Stillhouse } from '../../clients/sdk/index.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { until } from '../support/until.ts';
import { type CuttingProxy, startCuttingProxy } from './cutting-proxy.ts';
import { ADMIN_KEY, type GatewayProcess, type GatewayProcessOptions, labProvider, startGatewayProcess } from './gateway-process.ts';
import { spooledRows } from './spooled-rows.ts';
import { answerWith, chunkFrame, startUpstream, type TestUpstream, USAGE } from './upstream.ts';

let clickhouse: TestClickHouse;
let upstream: TestUpstream;
let proxy: CuttingProxy;
let gateway: GatewayProcess;

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  upstream = await startUpstream();
  proxy = await startCuttingProxy(() => clickhouse.url);
});
beforeEach(() => {
  upstream.answer = answerWith('four');
  upstream.asked.length = 0;
});
afterEach(async () => {
  proxy.mode = 'pass';
  await gateway?.dispose();
});
afterAll(async () => {
  await proxy?.stop();
  await upstream?.stop();
  await clickhouse?.stop();
});

const start = async (privacy: GatewayProcessOptions['privacy']) => {
  // What is recorded stays in the spool until the test lets it go.
  proxy.mode = 'refuse';
  gateway = await startGatewayProcess({
    clickhouseUrl: proxy.url,
    providers: [labProvider(upstream.url)],
    limits: { retries: 0, breakerFailures: 1_000_000 },
    aliases: { kept: { targets: [{ target: 'lab/test', weight: 1 }], cache: { ttlSeconds: 60 } } },
    privacy,
  });
};

/** All that a gateway has written: spool, answers of idempotency keys, cache, snapshots. */
function filesOf(home: string): string {
  return readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}

/** Every row of every table; views are filled from these. */
async function tables(): Promise<string> {
  const query = async (sql: string) => (await clickhouse.client.query({ query: sql, format: 'JSONEachRow' })).text();
  const names = (await query("SELECT name FROM system.tables WHERE database = currentDatabase() AND engine NOT LIKE '%View'"))
    .split('\n')
    .filter(Boolean);
  const all = names.map((line) => query(`SELECT * FROM \`${(JSON.parse(line) as { name: string }).name}\``));
  return (await Promise.all(all)).join('\n');
}

const storedTraces = async () => {
  const answer = await clickhouse.client.query({ query: 'SELECT count() AS n FROM traces', format: 'JSONEachRow' });
  return Number((await answer.json<{ n: string }>())[0]!.n);
};

/** Frames of an answer whose text and arguments are cut wherever `size` says, as tokens are. */
function streamed(text: string, size: number): TestUpstream['answer'] {
  return (_asked, response) => {
    const json = JSON.stringify({ to: [text] });
    const pieces = (whole: string) =>
      Array.from({ length: Math.ceil(whole.length / size) }, (_, i) => whole.slice(i * size, (i + 1) * size));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const piece of pieces(text)) {
      // By a function: an address may have in it what `replace` reads as a word of its own.
      const logprobs = { content: [{ token: piece, logprob: -1, bytes: null, top_logprobs: [] }] };
      response.write(
        chunkFrame({ content: piece }).replace('"finish_reason":null', () => `"logprobs":${JSON.stringify(logprobs)},"finish_reason":null`),
      );
    }
    response.write(chunkFrame({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'send', arguments: '' } }] }));
    for (const piece of pieces(json)) response.write(chunkFrame({ tool_calls: [{ index: 0, function: { arguments: piece } }] }));
    response.write(chunkFrame({}, 'tool_calls'));
    response.write(`data: ${JSON.stringify({ id: 'x', choices: [], usage: USAGE })}\n\n`);
    response.end('data: [DONE]\n\n');
  };
}

const SECRETS = ['4111 1111 1111 1111', '+49 151 23456789', 'ghp_abcdefghijklmnopqrstuvwxyz0123456789', 'ORD-12345'];

test('no address of a generator, no card, phone, secret or order survives on the disk or in a table; callers see their answers as they were', async () => {
  await start({ mask: ['email', 'phone', 'card', 'secret'], patterns: [{ name: 'order', pattern: 'ORD-[0-9]+' }], fields: ['ssn'] });
  const addresses = fc.sample(fc.emailAddress(), 25);
  let calls = 0;
  for (const [index, address] of addresses.entries()) {
    const secret = SECRETS[index % SECRETS.length]!;
    const text = `${address} and ${secret}`;
    const body = {
      model: index % 2 === 0 ? 'lab/test' : 'kept',
      messages: [
        { role: 'system', content: `You write to ${address}.` },
        { role: 'user', content: [{ type: 'text', text: JSON.stringify({ text, ssn: '078-05-1120' }) }], name: 'ann' },
      ],
      tools: [{ type: 'function', function: { name: 'send', description: text, parameters: { type: 'object', properties: {} } } }],
      user: address,
      metadata: { mail: text, session_id: address },
      stop: [secret],
    };
    const post = (extra: object) => gateway.post({ ...body, ...extra }, { 'idempotency-key': `k-${calls++}` });
    upstream.answer = answerWith(`For ${text}`);
    expect(((await (await post({})).json()) as { choices: unknown[] }).choices[0]).toMatchObject({ message: { content: `For ${text}` } });
    upstream.answer = streamed(text, 1 + (index % 7));
    const frames = await (await post({ stream: true, logprobs: true })).text();
    expect(contentOf(frames)).toBe(text);
    upstream.answer = (_asked, response) => {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: `no such thing: ${text}`, type: 'invalid_request_error' } }));
    };
    expect(await (await post({ model: 'lab/test', n: 1 })).text()).toContain(JSON.stringify(text).slice(1, -1));
    // The provider was asked as the caller asked.
    expect(upstream.asked.at(-1)!.text).toContain(JSON.stringify(text).slice(1, -1));
  }
  const rows = spooledRows(gateway.home);
  expect(rows).toHaveLength(calls);
  const hunted = [...addresses, ...addresses.map((address) => address.slice(address.indexOf('@'))), ...SECRETS, '078-05-1120'];
  const written = filesOf(gateway.home);
  expect(hunted.filter((one) => written.includes(one))).toEqual([]);
  const answered = rows.find((row) => row.streamed && row.status === 'ok')!;
  expect(answered).toMatchObject({
    user_id: '[email]',
    answer_text: expect.stringMatching(/^\[email\] and \[/),
    tokens_in: 10,
    metadata: { session_id: '[email]' },
  });
  expect(JSON.parse(answered.response)).toMatchObject({
    choices: [{ message: { tool_calls: [{ function: { arguments: expect.stringContaining('{"to":["[email] and [') } }] } }],
  });
  expect(rows.find((row) => row.status === 'error')!.error_message).toContain('[email]');

  proxy.mode = 'pass';
  await until('all traces stored', async () => (await storedTraces()) === calls);
  const trace_id = rows[0]!.id;
  const sdk = new Stillhouse({ url: gateway.url, apiKey: ADMIN_KEY });
  await sdk.traces.feedback({ trace_id, comment: `ask ${addresses[0]}`, corrected_answer: SECRETS[0], user: addresses[1] });
  expect((await sdk.traces.get(trace_id)).feedback).toMatchObject([
    { comment: 'ask [email]', correctedAnswer: '[card]', userId: '[email]' },
  ]);
  const stored = await tables();
  expect(stored).toContain('[email]');
  expect(hunted.filter((one) => stored.includes(one) || stored.includes(JSON.stringify(one).slice(1, -1)))).toEqual([]);
});

test('a call that a crash cut off leaves no address behind', async () => {
  await start({ mask: ['email'] });
  upstream.answer = () => new Promise(() => {});
  gateway
    .post({ model: 'lab/test', messages: [{ role: 'user', content: 'ann@example.com' }], metadata: { mail: 'ann@example.com' } })
    .catch(() => {});
  await until('the provider is asked', () => upstream.asked.length === 1);
  await gateway.kill();
  expect(filesOf(gateway.home)).not.toContain('ann@example.com');
  await gateway.restart();
  await until('the interrupted call', () => spooledRows(gateway.home).length === 1);
  expect(spooledRows(gateway.home)[0]).toMatchObject({ status: 'interrupted', metadata: { mail: '[email]' } });
});

test('a share of the bodies: the rest has its tokens, its cost and its names, and says that it has no bodies', async () => {
  await start({ storeBodies: 0.5 });
  const ids: string[] = [];
  for (let i = 0; i < 40; i++) {
    const answer = await gateway.post({
      model: 'lab/test',
      messages: [{ role: 'user', content: `hello ${i}` }],
      metadata: { run: 'share' },
    });
    ids.push(answer.headers.get(HEADERS.traceId)!);
    await answer.text();
  }
  proxy.mode = 'pass';
  const sdk = new Stillhouse({ url: gateway.url, apiKey: ADMIN_KEY });
  const found = async () => (await Promise.all(ids.map((id) => sdk.traces.get(id).catch(() => null)))).filter((trace) => trace !== null);
  await until('all traces stored', async () => (await found()).length === ids.length);
  const traces = await found();
  const without = traces.filter(({ bodies }) => bodies === 'not_stored');
  // One in a million million that all fall on one side.
  expect(without.length).toBeGreaterThan(0);
  expect(without.length).toBeLessThan(ids.length);
  for (const trace of traces)
    expect(trace).toMatchObject({ tokensIn: 10, tokensOut: 4, costUsd: 0.000065, metadata: { run: 'share' }, status: 'ok' });
  for (const trace of without) expect(trace).toMatchObject({ request: '', response: '', prompt: '', answer: '' });
  for (const trace of traces.filter(({ bodies }) => bodies === 'stored'))
    expect(trace).toMatchObject({ prompt: expect.stringContaining('hello'), answer: 'four' });
});

function contentOf(frames: string): string {
  return frames
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => (JSON.parse(line.slice(6)) as { choices: { delta: { content?: string } }[] }).choices[0]?.delta.content ?? '')
    .join('');
}
