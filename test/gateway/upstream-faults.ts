import { chunkFrame, type TestUpstream, USAGE } from './upstream.ts';

/** What a provider can do wrong. `docs/gateway.md` lists it. */

type Answer = TestUpstream['answer'];

/** What comes of an answer that breaks off. */
export const SECRET = 'half of an answer';
export const STREAM = { 'content-type': 'text/event-stream' };

/** Of more bytes than come. */
const WHOLE = { 'content-type': 'application/json', 'content-length': '1000' };

export const status =
  (code: number, body: string, headers: Record<string, string> = {}): Answer =>
  (_asked, response) =>
    void response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(body);
/** Begins a stream with text, then does something else. */
export const midStream =
  (then: (write: (text: string) => void, response: Parameters<Answer>[1]) => void): Answer =>
  (_asked, response) => {
    response.writeHead(200, STREAM);
    response.write(chunkFrame({ role: 'assistant', content: '' }));
    response.write(chunkFrame({ content: SECRET }), () => setImmediate(() => then((text) => void response.write(text), response)));
  };
export const wholeStream =
  (...texts: string[]): Answer =>
  (_asked, response) => {
    response.writeHead(200, STREAM);
    for (const text of texts) response.write(chunkFrame({ content: text }));
    response.end(`${chunkFrame({}, 'stop')}data: ${JSON.stringify({ choices: [], usage: USAGE })}\n\ndata: [DONE]\n\n`);
  };

export interface Fault {
  name: string;
  answer?: Answer;
  /** The provider; default: the one whose answers are set. */
  id?: 'gone' | 'tls' | 'mute';
  /** Status and code of the caller's answer where no other target is there. */
  alone: [number, string | null];
}

/** Before anything has reached the caller. */
export const BEFORE: Fault[] = [
  { name: 'refused', id: 'gone', alone: [502, 'upstream_unreachable'] },
  { name: 'TLS that is not to be trusted', id: 'tls', alone: [502, 'upstream_unreachable'] },
  { name: 'a TLS handshake that is never answered', id: 'mute', alone: [504, 'upstream_timeout'] },
  { name: 'reset', answer: (_asked, response) => void response.socket!.resetAndDestroy(), alone: [502, 'upstream_reset'] },
  { name: '429', answer: status(429, '{"error":{"message":"slow down","code":"theirs"}}'), alone: [429, 'theirs'] },
  {
    name: '429 with a Retry-After',
    answer: status(429, '{"error":{"message":"slow down","code":"theirs"}}', { 'retry-after': '1' }),
    alone: [429, 'theirs'],
  },
  {
    name: '429 with a long Retry-After',
    answer: status(429, '{"error":{"message":"slow down","code":"theirs"}}', { 'retry-after': '60' }),
    alone: [429, 'theirs'],
  },
  { name: '500', answer: status(500, '{"error":{"message":"oh","code":"theirs"}}'), alone: [500, 'theirs'] },
  { name: '500 without a body', answer: status(500, ''), alone: [500, null] },
  { name: '502 in HTML', answer: status(502, '<html>Bad gateway</html>', { 'content-type': 'text/html' }), alone: [502, null] },
  { name: '200 with an error body', answer: status(200, '{"error":{"message":"no capacity"}}'), alone: [502, 'upstream_invalid'] },
  { name: '200 without a choice', answer: status(200, '{"object":"chat.completion","choices":[]}'), alone: [502, 'upstream_invalid'] },
  { name: 'an empty body', answer: status(200, ''), alone: [502, 'upstream_invalid'] },
  { name: 'truncated JSON', answer: status(200, '{"choices":[{"message":{"cont'), alone: [502, 'upstream_invalid'] },
  { name: 'a wrong content type', answer: status(200, 'hello', { 'content-type': 'text/plain' }), alone: [502, 'upstream_invalid'] },
  { name: 'a stall before the first byte', answer: () => undefined, alone: [504, 'upstream_timeout'] },
  {
    name: 'a cut amid a whole answer',
    answer: (_asked, response) =>
      void response.writeHead(200, WHOLE).write('{"choices":[{"mess', () => setImmediate(() => response.socket!.destroy())),
    alone: [502, 'upstream_reset'],
  },
  {
    name: 'a stall amid a whole answer',
    answer: (_asked, response) => void response.writeHead(200, WHOLE).write('{"choices":[{"mess'),
    alone: [504, 'upstream_timeout'],
  },
  {
    name: 'a slow trickle',
    answer: (asked, response) => {
      // Bytes come in time, an answer does not.
      const streamed = asked.body['stream'] === true;
      response.writeHead(200, streamed ? STREAM : { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(streamed ? ': wait\n\n' : ' '), 50);
      response.once('close', () => clearInterval(timer));
    },
    alone: [504, 'upstream_timeout'],
  },
];
export const STREAMED_BEFORE: Fault[] = [
  {
    name: 'a stream that is cut before its first token',
    answer: (_asked, response) => {
      response.writeHead(200, STREAM);
      response.write(chunkFrame({ role: 'assistant', content: '' }), () => setImmediate(() => response.socket!.destroy()));
    },
    alone: [502, 'upstream_reset'],
  },
  {
    name: 'a stream of garbage',
    answer: (_asked, response) => void response.writeHead(200, STREAM).end('data: <garbage>\n\n'),
    alone: [502, 'upstream_invalid'],
  },
  {
    name: 'a stream that only ends',
    answer: (_asked, response) => void response.writeHead(200, STREAM).end('data: [DONE]\n\n'),
    alone: [502, 'upstream_invalid'],
  },
  { name: 'an empty stream', answer: (_asked, response) => void response.writeHead(200, STREAM).end(), alone: [502, 'upstream_reset'] },
  {
    name: 'an error frame before the first token',
    answer: (_asked, response) => void response.writeHead(200, STREAM).end('data: {"error":{"message":"overloaded"}}\n\n'),
    alone: [502, 'upstream_invalid'],
  },
];

/** Once text has reached the caller. */
export const MIDDLE: { name: string; answer: Answer; code: string }[] = [
  { name: 'a cut', answer: midStream((_write, response) => response.socket!.destroy()), code: 'upstream_reset' },
  { name: 'a stall', answer: midStream(() => undefined), code: 'upstream_timeout' },
  { name: 'a garbage frame', answer: midStream((write) => write('data: {"choices": [{"del\n\n')), code: 'upstream_invalid' },
  { name: 'a missing end mark', answer: midStream((_write, response) => response.end()), code: 'upstream_reset' },
  { name: 'an error frame', answer: midStream((write) => write('data: {"error":{"message":"overloaded"}}\n\n')), code: 'upstream_invalid' },
  {
    name: 'an error that is called so, and an end mark',
    answer: midStream((write) => write('data: {"object":"error","message":"overloaded","code":500}\n\ndata: [DONE]\n\n')),
    code: 'upstream_invalid',
  },
  {
    name: 'an event of an error',
    answer: midStream((write) => write('event: error\ndata: {"message":"overloaded"}\n\ndata: [DONE]\n\n')),
    code: 'upstream_invalid',
  },
  {
    name: 'nothing but comments',
    answer: midStream((write, response) => {
      const timer = setInterval(() => write(': wait\n\n'), 50);
      response.once('close', () => clearInterval(timer));
    }),
    code: 'upstream_timeout',
  },
];
