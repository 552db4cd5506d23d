import { afterAll, beforeAll, expect, test } from 'vitest';
import { HEADERS } from '../../contracts/http.ts';
import { type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { spooledRows } from './spooled-rows.ts';
import { answerWith, startUpstream, type TestUpstream } from './upstream.ts';
import { BEFORE, SECRET, STREAM, wholeStream } from './upstream-faults.ts';

/** The faults of `faults.test.ts` by providers whose API is their own. */

type Answer = TestUpstream['answer'];
type Outgoing = Parameters<Answer>[1];

let bad: TestUpstream;
let good: TestUpstream;
let prefixed: TestUpstream;
let gateway: GatewayProcess;
const messages = [{ role: 'user', content: 'Hello' }];

const event = (type: string, rest: object = {}) => `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;
const data = (body: object) => `data: ${JSON.stringify(body)}\n\n`;
const usage = { input_tokens: 10, output_tokens: 1 };

/** How each begins an answer, and what an error in its stream looks like. */
const KINDS = [
  {
    kind: 'anthropic',
    begun: [
      event('message_start', { message: { id: 'm', type: 'message', role: 'assistant', model: 'x', content: [], usage } }),
      event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
      event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: SECRET } }),
    ],
    error: event('error', { error: { type: 'overloaded_error', message: 'Overloaded' } }),
  },
  {
    kind: 'google',
    begun: [data({ candidates: [{ content: { role: 'model', parts: [{ text: SECRET }] } }] })],
    error: data({ error: { code: 503, status: 'UNAVAILABLE', message: 'The model is overloaded' } }),
  },
  {
    kind: 'cohere',
    begun: [
      event('message-start', { id: 'm', delta: { message: { role: 'assistant' } } }),
      event('content-start', { index: 0, delta: { message: { content: { type: 'text', text: '' } } } }),
      event('content-delta', { index: 0, delta: { message: { content: { text: SECRET } } } }),
    ],
    error: event('message-end', { delta: { finish_reason: 'ERROR', error: 'oh' } }),
  },
];

beforeAll(async () => {
  bad = await startUpstream();
  const whole = answerWith('from the fallback');
  const streamed = wholeStream('from the', ' fallback');
  good = await startUpstream((asked, response) => (asked.body['stream'] === true ? streamed : whole)(asked, response));
  prefixed = await startUpstream(wholeStream(', and', ' the rest'));
  const timeouts = { connectMs: 500, firstByteMs: 300, firstTokenMs: 400, idleMs: 300, totalMs: 700 };
  const to = (target: string, fallback: string) => ({ targets: [{ target, weight: 1 }], fallbacks: [fallback] });
  gateway = await startGatewayProcess({
    clickhouseUrl: 'http://127.0.0.1:9',
    env: { ANTHROPIC_API_KEY: 'sk-a', GEMINI_API_KEY: 'sk-g', COHERE_API_KEY: 'sk-c', MISTRAL_API_KEY: 'sk-m' },
    limits: { retries: 0, breakerFailures: 1_000_000 },
    providers: [
      ...KINDS.map(({ kind }) => labProvider(bad.url, { id: kind, kind, timeouts })),
      labProvider(good.url, { id: 'good' }),
      labProvider(prefixed.url, { id: 'going', kind: 'mistral' }),
    ],
    aliases: Object.fromEntries(
      KINDS.flatMap(({ kind }) => [
        [`${kind}-good`, to(`${kind}/test`, 'good/test')],
        [`${kind}-going`, to(`${kind}/test`, 'going/test')],
      ]),
    ),
  });
});
afterAll(async () => {
  await gateway?.dispose();
  await Promise.all([bad?.stop(), good?.stop(), prefixed?.stop()]);
});

const traceOf = (answer: Response) => spooledRows(gateway.home).find((row) => row.id === answer.headers.get(HEADERS.traceId))!;
async function read(answer: Response) {
  const frames = (await answer.text()).split('\n\n').filter((frame) => frame.startsWith('data: '));
  const chunks = frames.flatMap((frame) => (frame === 'data: [DONE]' ? [] : [JSON.parse(frame.slice(6))]));
  return {
    text: chunks.map((chunk) => chunk.choices?.[0]?.delta?.content ?? '').join(''),
    done: frames.at(-1) === 'data: [DONE]',
    error: chunks.some((chunk) => chunk.error),
  };
}

const before = KINDS.flatMap(({ kind }) =>
  // Of the others nothing depends on the API.
  BEFORE.filter(({ answer }) => answer).flatMap((fault) => [false, true].map((stream) => ({ ...fault, kind, stream }))),
);

test.each(before)('$kind, $name (streamed: $stream)', async ({ kind, answer, stream, alone }) => {
  bad.answer = answer!;
  const got = await gateway.post({ model: `${kind}-good`, messages, stream });
  expect([got.status, got.headers.get(HEADERS.target)]).toEqual([200, 'good/test']);
  if (stream) expect(await read(got)).toEqual({ text: 'from the fallback', done: true, error: false });
  else expect(await got.json()).toMatchObject({ choices: [{ message: { content: 'from the fallback' } }] });
  const refused = await gateway.post({ model: `${kind}/test`, messages, stream });
  expect([refused.status, refused.headers.get('content-type')]).toEqual([alone[0], expect.stringContaining('application/json')]);
  expect(await refused.json()).toMatchObject({ error: { message: expect.stringMatching(/./) } });
  expect(traceOf(refused)).toMatchObject({ status: 'error', http_status: alone[0] });
});

const midway: { name: string; breaks: (response: Outgoing, error: string) => void }[] = [
  { name: 'a cut', breaks: (response) => void response.socket!.destroy() },
  { name: 'a stall', breaks: () => undefined },
  { name: 'a garbage frame', breaks: (response) => void response.write('data: {"choices": [{"del\n\n') },
  { name: 'a missing end mark', breaks: (response) => void response.end() },
  { name: 'an error', breaks: (response, error) => void response.end(error) },
];
const middle = KINDS.flatMap((kind) => midway.map((fault) => ({ ...fault, ...kind })));

test.each(middle)('$kind, $name in mid-stream', async ({ kind, begun, error, breaks }) => {
  // The caller has the text before anything goes wrong: what comes at once with it may be lost with it.
  const streamed = async (model: string) => {
    const { promise: hasText, resolve: begin } = Promise.withResolvers<void>();
    bad.answer = async (_asked, response) => {
      response.writeHead(200, STREAM);
      response.write(begun.join(''));
      await hasText;
      breaks(response, error);
    };
    const got = await gateway.post({ model, messages, stream: true });
    begin();
    return got;
  };
  const alone = await streamed(`${kind}-good`);
  expect(await read(alone)).toEqual({ text: SECRET, done: false, error: true });
  expect(traceOf(alone)).toMatchObject({ status: 'error', answer_text: SECRET, target: `${kind}/test` });
  const both = await streamed(`${kind}-going`);
  expect(await read(both)).toEqual({ text: `${SECRET}, and the rest`, done: true, error: false });
  expect(traceOf(both)).toMatchObject({ status: 'ok', target: 'going/test' });
});

const atOnce = midway.filter(({ name }) => name !== 'a stall');
test.each(KINDS.flatMap((kind) => atOnce.map((fault) => ({ ...fault, ...kind }))))(
  '$kind, $name before the first token: the next target answers',
  async ({ kind, begun, error, breaks }) => {
    bad.answer = (_asked, response) => {
      response.writeHead(200, STREAM);
      response.write(`: wait\n\n${begun.slice(0, -1).join('')}`, () => setImmediate(() => breaks(response, error)));
    };
    const got = await gateway.post({ model: `${kind}-good`, messages, stream: true });
    expect(await read(got)).toEqual({ text: 'from the fallback', done: true, error: false });
  },
);
