import { afterAll, beforeAll, expect, test } from 'vitest';
import { HEADERS } from '../../contracts/http.ts';
import { type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { spooledRows } from './spooled-rows.ts';
import { answerWith, chunkFrame, startUpstream, type TestUpstream } from './upstream.ts';
import { BEFORE, MIDDLE, midStream, SECRET, STREAMED_BEFORE, wholeStream } from './upstream-faults.ts';

/** The faults of `faults.test.ts` as callers of the other APIs hear of them, each in its own words. */

let bad: TestUpstream;
let good: TestUpstream;
let prefixed: TestUpstream;
let gateway: GatewayProcess;

/** What a caller understood of a stream. */
interface Heard {
  text: string;
  /** Whether it ended as a good one does. */
  done: boolean;
  error: string | null;
}

/** What of bodies and events is looked at. */
interface Said {
  type?: string;
  message?: string;
  error?: { message: string };
  delta?: string | { text?: string };
  choices?: { text: string }[];
  content?: { text: string }[];
  output?: { content: { text: string }[] }[];
  data?: { embedding: unknown }[];
}

interface WayIn {
  path: string;
  body: object;
  whole: (body: Said) => string | undefined;
  errorOf: (body: Said) => string | undefined;
  /** null: it has no streams. */
  heard: ((events: Said[], end: boolean) => Heard) | null;
}

const join = (events: Said[], text: (event: Said) => string | undefined) => events.map((event) => text(event) ?? '').join('');
const errorIn = (events: Said[]) => events.find(({ type, error }) => type === 'error' || error !== undefined);
const messages = [{ role: 'user', content: 'Hello' }];
const WAYS_IN: WayIn[] = [
  {
    path: '/v1/messages',
    body: { messages, max_tokens: 99 },
    whole: (body) => body.content?.[0]?.text,
    errorOf: (body) => (body.type === 'error' ? body.error?.message : ''),
    heard: (events) => ({
      text: join(events, ({ delta }) => (typeof delta === 'object' ? delta.text : '')),
      done: events.at(-1)?.type === 'message_stop',
      error: errorIn(events)?.error?.message ?? null,
    }),
  },
  {
    path: '/v1/responses',
    body: { input: 'Hello' },
    whole: (body) => body.output?.[0]?.content[0]?.text,
    errorOf: (body) => body.error?.message,
    heard: (events) => ({
      text: join(events, (event) => (event.type === 'response.output_text.delta' && typeof event.delta === 'string' ? event.delta : '')),
      done: events.at(-1)?.type === 'response.completed',
      error: events.at(-1)?.type === 'response.failed' ? (errorIn(events)?.message ?? null) : null,
    }),
  },
  {
    path: '/v1/completions',
    body: { prompt: 'Hello', max_tokens: 99 },
    whole: (body) => body.choices?.[0]?.text,
    errorOf: (body) => body.error?.message,
    heard: (events, end) => ({
      text: join(events, (event) => event.choices?.[0]?.text),
      done: end,
      error: errorIn(events)?.error?.message ?? null,
    }),
  },
  {
    path: '/v1/embeddings',
    body: { input: 'Hello' },
    whole: (body) => String(body.data?.[0]?.embedding),
    errorOf: (body) => body.error?.message,
    heard: null,
  },
];
const VECTORS = { object: 'list', model: 'test', data: [{ object: 'embedding', index: 0, embedding: ['from the fallback'] }] };

beforeAll(async () => {
  bad = await startUpstream();
  const whole = answerWith('from the fallback');
  const streamed = wholeStream('from the', ' fallback');
  good = await startUpstream((asked, response) =>
    asked.path.endsWith('/embeddings')
      ? void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(VECTORS))
      : (asked.body['stream'] === true ? streamed : whole)(asked, response),
  );
  prefixed = await startUpstream(wholeStream(', and', ' the rest'));
  const timeouts = { connectMs: 500, firstByteMs: 300, firstTokenMs: 400, idleMs: 300, totalMs: 700 };
  const to = (target: string, fallback: string) => ({ targets: [{ target, weight: 1 }], fallbacks: [fallback] });
  gateway = await startGatewayProcess({
    clickhouseUrl: 'http://127.0.0.1:9',
    env: { MISTRAL_API_KEY: 'sk-test' },
    limits: { retries: 0, breakerFailures: 1_000_000 },
    providers: [
      labProvider(bad.url, { timeouts }),
      labProvider(good.url, { id: 'good' }),
      labProvider('http://127.0.0.1:9', { id: 'gone' }),
      labProvider(prefixed.url, { id: 'going', kind: 'mistral' }),
    ],
    aliases: { lab: to('lab/test', 'good/test'), gone: to('gone/test', 'good/test'), 'going-on': to('lab/test', 'going/test') },
  });
});
afterAll(async () => {
  await gateway?.dispose();
  await Promise.all([bad?.stop(), good?.stop(), prefixed?.stop()]);
});

const traceOf = (answer: Response) => spooledRows(gateway.home).find((row) => row.id === answer.headers.get(HEADERS.traceId))!;
async function read({ heard }: WayIn, answer: Response): Promise<Heard> {
  expect(answer.headers.get('content-type')).toContain('text/event-stream');
  const frames = (await answer.text()).split('\n\n').filter((frame) => frame !== '');
  const data = frames.map((frame) => /^data: (.*)$/m.exec(frame)![1]!);
  return heard!(
    data.filter((one) => one !== '[DONE]').map((one) => JSON.parse(one) as Said),
    data.at(-1) === '[DONE]',
  );
}

const faults = [
  // TLS fails as a connection does that is refused, or not answered.
  ...BEFORE.filter(({ id }) => id !== 'tls' && id !== 'mute').flatMap((fault) => [false, true].map((stream) => ({ ...fault, stream }))),
  ...STREAMED_BEFORE.map((fault) => ({ ...fault, stream: true })),
];
const before = WAYS_IN.flatMap((way) =>
  faults.filter(({ stream }) => way.heard !== null || !stream).map((fault) => ({ ...fault, path: way.path, way })),
);

test.each(before)('$path, $name (streamed: $stream): the next target answers', async ({ way, answer, id = 'lab', stream }) => {
  if (answer) bad.answer = answer;
  const got = await gateway.post({ ...way.body, model: id, ...(stream ? { stream } : {}) }, {}, way.path);
  expect([got.status, got.headers.get(HEADERS.target)]).toEqual([200, 'good/test']);
  if (stream) expect(await read(way, got)).toEqual({ text: 'from the fallback', done: true, error: null });
  else expect(way.whole((await got.json()) as Said)).toBe('from the fallback');
});

test.each(before)(
  '$path, $name (streamed: $stream), and nobody else: an error of its API',
  async ({ way, answer, id = 'lab', stream, alone }) => {
    if (answer) bad.answer = answer;
    const got = await gateway.post({ ...way.body, model: `${id}/test`, ...(stream ? { stream } : {}) }, {}, way.path);
    expect(got.status).toBe(alone[0]);
    // Where both sides speak OpenAI, the provider's answer goes on as it came.
    const asItCame = way.heard === null && alone[1] === null;
    if (!asItCame) {
      expect(got.headers.get('content-type')).toContain('application/json');
      expect(way.errorOf((await got.json()) as Said)).toMatch(/./);
    }
    expect(traceOf(got)).toMatchObject({ status: 'error', http_status: alone[0] });
  },
);

test.each(WAYS_IN.filter(({ heard: streams }) => streams !== null))(
  '$path: a cut behind the finish reason takes nothing away',
  async (way) => {
    bad.answer = midStream((write, response) => {
      write(chunkFrame({}, 'stop'));
      setImmediate(() => response.socket!.destroy());
    });
    const got = await gateway.post({ ...way.body, model: 'lab/test', stream: true }, {}, way.path);
    expect(await read(way, got)).toEqual({ text: SECRET, done: true, error: null });
  },
);

const middle = WAYS_IN.filter(({ heard }) => heard !== null).flatMap((way) => MIDDLE.map((fault) => ({ ...fault, path: way.path, way })));

test.each(middle)('$path, $name in mid-stream, and nobody can go on: an error, and no end', async ({ way, answer, code }) => {
  bad.answer = answer;
  const got = await gateway.post({ ...way.body, model: 'lab', stream: true }, {}, way.path);
  expect(await read(way, got)).toEqual({ text: SECRET, done: false, error: expect.stringContaining('lab') });
  expect(traceOf(got)).toMatchObject({ status: 'error', error_class: code, answer_text: SECRET });
});

test.each(middle)('$path, $name in mid-stream: one stream, of two targets', async ({ way, answer }) => {
  bad.answer = answer;
  const got = await gateway.post({ ...way.body, model: 'going-on', stream: true }, {}, way.path);
  expect(await read(way, got)).toEqual({ text: `${SECRET}, and the rest`, done: true, error: null });
  expect(traceOf(got)).toMatchObject({ status: 'ok', target: 'going/test', answer_text: `${SECRET}, and the rest` });
});
