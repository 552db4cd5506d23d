import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { HEADERS } from '../../contracts/http.ts';
import { type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { languageModelStudent } from './language-model-student.ts';
import { spooledRows } from './spooled-rows.ts';
import { answerWith, chunkFrame, startUpstream, type TestUpstream } from './upstream.ts';

/** Which of an alias's targets are asked, which once more, and whose error is the answer where nobody answers. */

type Answer = TestUpstream['answer'];

let first: TestUpstream;
let second: TestUpstream;
let gateway: GatewayProcess;
const messages = [{ role: 'user', content: 'Hello' }];

beforeAll(async () => {
  first = await startUpstream();
  second = await startUpstream();
  const to = (target: string, fallback: string) => ({ targets: [{ target, weight: 1 }], fallbacks: [fallback] });
  gateway = await startGatewayProcess({
    clickhouseUrl: 'http://127.0.0.1:9',
    // No student server listens: what a student can't do is known before it is asked.
    env: {
      STILLHOUSE_STUDENT_URLS: 'http://127.0.0.1:9',
      MISTRAL_API_KEY: 'sk-test',
      ANTHROPIC_API_KEY: 'sk-test',
      OPENAI_API_KEY: 'sk-test',
    },
    limits: { retries: 2, retryBaseMs: 1, retryMaxMs: 1500, breakerFailures: 1_000_000 },
    providers: [
      labProvider(first.url, { timeouts: { firstByteMs: 300, idleMs: 300 } }),
      labProvider(second.url, { id: 'other' }),
      labProvider(first.url, { id: 'going', kind: 'mistral' }),
      labProvider(second.url, { id: 'claude', kind: 'anthropic' }),
      labProvider(first.url, { id: 'openai', kind: 'openai' }),
    ],
    aliases: {
      both: to('lab/test', 'other/test'),
      'with-claude': to('lab/test', 'claude/claude-x'),
      'claude-first': to('claude/claude-x', 'openai/test'),
      moved: to('student/support', 'other/test'),
      'moved-alone': { targets: [{ target: 'student/support', weight: 1 }] },
    },
    students: { support: languageModelStudent },
  });
});
beforeEach(() => {
  first.answer = answerWith('first');
  second.answer = answerWith('second');
  first.asked.length = second.asked.length = 0;
});
afterAll(async () => {
  await gateway?.dispose();
  await Promise.all([first?.stop(), second?.stop()]);
});

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_asked, response) =>
    void response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(`{"error":{"message":"${code}"}}`);
/** One after the other; the last one from then on. */
const inTurn = (...answers: Answer[]): Answer => {
  let at = 0;
  return (asked, response) => answers[Math.min(at++, answers.length - 1)]!(asked, response);
};
const traceOf = (answer: Response) => spooledRows(gateway.home).find((row) => row.id === answer.headers.get(HEADERS.traceId))!;
const attemptsOf = (answer: Response) => traceOf(answer).attempts.map((one) => [one.target, one.status || one.error_class]);
const textOf = async (answer: Response) =>
  ((await answer.json()) as { choices: [{ message: { content: string } }] }).choices[0].message.content;

test.each([401, 402, 403, 404])('a %i lies with the target: its key, its account, its models. The next one is asked', async (code) => {
  first.answer = status(code);
  const got = await gateway.post({ model: 'both', messages });
  expect([got.status, got.headers.get(HEADERS.target)]).toEqual([200, 'other/test']);
  expect(attemptsOf(got)).toEqual([
    ['lab/test', code],
    ['other/test', 200],
  ]);
  const alone = await gateway.post({ model: 'lab/test', messages });
  expect([alone.status, alone.headers.get(HEADERS.attempts)]).toEqual([code, '1']);
});

test('a long Retry-After of one keeps nobody from asking the other once more', async () => {
  first.answer = status(429, { 'retry-after': '60' });
  second.answer = inTurn(status(503), answerWith('at last'));
  const got = await gateway.post({ model: 'both', messages });
  expect([got.status, await textOf(got)]).toEqual([200, 'at last']);
  expect(attemptsOf(got)).toEqual([
    ['lab/test', 429],
    ['other/test', 503],
    ['other/test', 200],
  ]);
});

test('one that took its time is not asked again, though another is', async () => {
  first.answer = () => undefined;
  second.answer = inTurn(status(500), answerWith('at last'));
  const got = await gateway.post({ model: 'both', messages });
  expect([got.status, await textOf(got)]).toEqual([200, 'at last']);
  expect(attemptsOf(got)).toEqual([
    ['lab/test', 'upstream_timeout'],
    ['other/test', 500],
    ['other/test', 200],
  ]);
});

test('a fallback that can’t do what is asked does not end the call: the first one is asked once more', async () => {
  first.answer = inTurn(status(429), answerWith('at last'));
  const got = await gateway.post({ model: 'with-claude', messages, seed: 7 });
  expect([got.status, await textOf(got)]).toEqual([200, 'at last']);
  expect(attemptsOf(got)).toEqual([
    ['lab/test', 429],
    ['claude/claude-x', 'invalid_request'],
    ['lab/test', 200],
  ]);
  // Of the only target it is the answer, as ever.
  const refused = await gateway.post({ model: 'claude/claude-x', messages, seed: 7 });
  expect([refused.status, await refused.json()]).toMatchObject([400, { error: { param: 'seed' } }]);
});

test('marks for the first target’s cache do not reach OpenAI, which would refuse them', async () => {
  second.answer = status(529);
  const content = [{ type: 'text', text: 'Hello' }];
  const marked = [{ role: 'user', content: [{ ...content[0], cache_control: { type: 'ephemeral' } }] }];
  const got = await gateway.post({ model: 'claude-first', messages: marked });
  expect([got.status, await textOf(got)]).toEqual([200, 'first']);
  expect(second.asked[0]!.text).toContain('cache_control');
  expect(first.asked[0]!.body['messages']).toEqual([{ role: 'user', content }]);
});

test('where nobody answers, an error that may be over in a moment is said before one of a fallback that will not', async () => {
  first.answer = status(503);
  second.answer = status(400);
  const got = await gateway.post({ model: 'both', messages });
  expect([got.status, got.headers.get(HEADERS.target)]).toEqual([503, 'lab/test']);
  expect(second.asked).toHaveLength(1);
  expect(traceOf(got)).toMatchObject({ http_status: 503, target: 'lab/test', error_message: '503' });
});

test('a stream that is cut goes on at the same target, where that continues a prefix', async () => {
  const stream =
    (texts: string[], end: (response: Parameters<Answer>[1]) => void): Answer =>
    (_asked, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(texts.map((content) => chunkFrame({ content })).join(''), () => setImmediate(() => end(response)));
    };
  first.answer = inTurn(
    stream(['half', ' of it'], (response) => response.socket!.destroy()),
    stream([', the rest'], (response) => response.end(`${chunkFrame({}, 'stop')}data: [DONE]\n\n`)),
  );
  const got = await gateway.post({ model: 'going/test', messages, stream: true, max_tokens: 50 });
  const text = await got.text();
  expect(text).toMatch(/\[DONE\]\n\n$/);
  expect((first.asked.at(-1)!.body['messages'] as object[]).at(-1)).toEqual({ role: 'assistant', content: 'half of it', prefix: true });
  // Ten letters have come.
  expect(first.asked.map(({ body }) => body['max_tokens'])).toEqual([50, 47]);
  expect(traceOf(got)).toMatchObject({ status: 'ok', answer_text: 'half of it, the rest' });
  expect(attemptsOf(got)).toEqual([
    ['going/test', 200],
    ['going/test', 200],
  ]);
  // Of two answers the other one has not begun.
  first.answer = stream(['half'], (response) => response.socket!.destroy());
  const two = await gateway.post({ model: 'going/test', messages, stream: true, n: 2 });
  expect(await two.text()).toContain('"upstream_reset"');
  expect(attemptsOf(two)).toHaveLength(1);
});

test('what a student can not do is asked of the fallback, as before the alias moved; without one it is refused by name', async () => {
  const tools = [{ type: 'function', function: { name: 'look_up', parameters: { type: 'object', properties: {} } } }];
  for (const stream of [false, true]) {
    const answer = await gateway.post({ model: 'moved', messages, tools, stream });
    expect(answer.status).toBe(200);
    await answer.text();
    expect(attemptsOf(answer)).toEqual([
      ['student/support', 'invalid_request'],
      ['other/test', 200],
    ]);
  }
  const alone = await gateway.post({ model: 'moved-alone', messages, tools });
  expect(alone.status).toBe(400);
  expect(((await alone.json()) as { error: { param: string } }).error.param).toBe('tools');
});
