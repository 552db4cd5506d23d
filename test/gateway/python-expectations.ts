import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import type { TraceRow } from '../../contracts/traces.ts';
import { BERN } from './described-model.ts';
import { AT_ONCE, said } from './python-upstream.ts';

/** Of a trace, what is held against what is expected of it. */
export type ExpectedTrace = Partial<TraceRow>;
/** What a scenario of `python/` returns, and the traces of its calls by time (calls at once: by their length). */
type Expected = [got: unknown, traces: ExpectedTrace[]];

const BYTES = Uint8Array.from({ length: 256 }, (_, index) => index);
const PICTURE = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...Array.from({ length: 8 }, () => BYTES)]);
const PICTURE_STORED = `stillhouse:image/${createHash('sha256').update(PICTURE).digest('hex')}`;

const HI = said('Hi');
const JSON_ANSWER = JSON.stringify(BERN);
const ARGUMENTS = '{"city":"Bern"}';
const SUNNY = 'It is sunny in Bern.';
const SEEN = said(`What is it? with ${PICTURE.length} bytes of data:image/png;base64`);
const MANY = Array.from({ length: AT_ONCE }, (_, index) => `Hi${'!'.repeat(index)}`);
const streamed = { streamed: true };

/** A call that went well: a token for each character. `besides`: the other texts of the conversation. */
function ok(prompt: string, answer: string, { besides = '', ...others }: ExpectedTrace & { besides?: string } = {}): ExpectedTrace {
  return {
    status: 'ok',
    http_status: 200,
    error_class: '',
    model_asked: 'smart',
    streamed: false,
    prompt_text: prompt,
    answer_text: answer,
    tools_called: [],
    tokens_in: besides.length + prompt.length,
    tokens_out: answer.length,
    ...others,
  };
}

/** The model calls the tool instead of a text. */
const called = (tool: string, others: ExpectedTrace = {}) =>
  ok('Hi', '', { tools_called: [tool], tokens_out: ARGUMENTS.length, finish_reason: 'tool_calls', ...others });
const seen = ok('What is it?', SEEN, { request: expect.stringContaining(PICTURE_STORED) as string });
const embedded = ok('', '', { tokens_in: 3 });
const refused = (model: string, status: number, code: string): ExpectedTrace => ({
  status: 'error',
  http_status: status,
  error_class: code,
  model_asked: `lab/${model}`,
  tokens_in: 0,
  tokens_out: 0,
});
const LIMITED = refused('limited', 429, 'rate_limited');
const BROKEN = refused('broken', 500, 'unavailable');
const INVALID = refused('refused', 400, 'invalid_request');
/** Nobody knows the tokens of a call that was given up: they are estimated, of a stream by what had come of it, of a whole answer as after a crash. */
const begun = (model: string, answer: string): ExpectedTrace => ({
  model_asked: `lab/${model}`,
  streamed: answer !== '',
  prompt_text: 'Hi',
  answer_text: answer,
  tokens_in: expect.toSatisfy((tokens: number) => tokens > 0) as number,
  tokens_out: answer === '' ? 256 : 1,
});
const left = (model: string, answer = ''): ExpectedTrace => ({ status: 'cancelled', http_status: 499, ...begun(model, answer) });

const usage = (asked: string, answer: string) => ({
  prompt_tokens: asked.length,
  completion_tokens: answer.length,
  total_tokens: asked.length + answer.length,
});
const responseUsage = (asked: string, answer: string) => ({ input_tokens: asked.length, output_tokens: answer.length });
const error = (name: string, status: number | null, text: string) => ({
  class: name,
  status,
  message: expect.stringContaining(text) as string,
});
const UNKNOWN_MODEL = 'The model "nothing-like-it" does not exist';
const PIECES = ['You', ' said', ' Hi'];
const delta = (content: string) => ({ object: 'chat.completion.chunk', choices: [{ delta: { content }, finish_reason: null }] });
const CHUNKS = [delta(''), ...PIECES.map(delta), { choices: [{ delta: {}, finish_reason: 'stop' }] }];
const USAGE_CHUNK = { choices: [], usage: usage('Hi', HI) };
const RESPONSE_EVENTS = [
  'response.created',
  'response.in_progress',
  'response.output_item.added',
  'response.content_part.added',
  ...PIECES.map(() => 'response.output_text.delta'),
  'response.output_text.done',
  'response.content_part.done',
  'response.output_item.done',
  'response.completed',
];
const EMBEDDINGS = { data: [{ embedding: [0.5, 0.25] }, { embedding: [0.5, 0.25] }], usage: { prompt_tokens: 3 } };
const manyTraces = (streams: (index: number) => boolean) =>
  MANY.map((prompt, index) => ok(prompt, said(prompt), { model_asked: 'lab/together', streamed: streams(index) }));
const odd = (index: number) => index % 2 === 1;

const OPENAI: Record<string, Expected> = {
  openai_chat: [{ choices: [{ message: { content: HI }, finish_reason: 'stop' }], usage: usage('Hi', HI) }, [ok('Hi', HI)]],
  openai_raw_response: [{ content: HI }, [ok('Hi', HI)]],
  openai_stream: [[...CHUNKS, USAGE_CHUNK], [ok('Hi', HI, streamed)]],
  openai_stream_without_usage: [CHUNKS, [ok('Hi', HI, streamed)]],
  openai_stream_helper: [
    { types: expect.arrayContaining(['chunk', 'content.delta', 'content.done']) as string[], content: JSON_ANSWER, parsed: BERN },
    [ok('Hi', JSON_ANSWER, streamed)],
  ],
  openai_parse: [{ class: 'City', ...BERN }, [ok('Hi', JSON_ANSWER)]],
  openai_tools: [{ name: 'Weather', city: 'Bern', said: SUNNY }, [called('Weather'), ok('Hi', SUNNY, { besides: 'sunny' })]],
  openai_tools_stream: [{ name: 'Weather', city: 'Bern', finish: 'tool_calls' }, [called('Weather', streamed)]],
  openai_images: [SEEN, [seen]],
  openai_responses: [
    [
      { text: HI, body: { status: 'completed', usage: responseUsage('Be briefHi', HI) } },
      { text: said('Again'), body: { status: 'completed', usage: responseUsage(`Hi${HI}Again`, said('Again')) } },
    ],
    [ok('Hi', HI, { besides: 'Be brief' }), ok('Again', said('Again'), { besides: `Hi${HI}` })],
  ],
  openai_responses_stream: [{ types: RESPONSE_EVENTS, text: HI, usage: responseUsage('Hi', HI) }, [ok('Hi', HI, streamed)]],
  openai_responses_events: [RESPONSE_EVENTS.map((type) => ({ type })), [ok('Hi', HI, streamed)]],
  openai_responses_parse: [BERN, [ok('Hi', JSON_ANSWER)]],
  openai_completions: [{ choices: [{ text: HI, finish_reason: 'stop' }], usage: usage('Hi', HI) }, [ok('Hi', HI)]],
  openai_embeddings: [
    [EMBEDDINGS, EMBEDDINGS],
    [embedded, embedded],
  ],
  openai_models: [{ list: [{ id: 'smart' }, { id: 'lab/test' }], one: { id: 'smart', owned_by: 'stillhouse' } }, []],
  // What reaches no target is no call: a wrong key and an unknown model have no trace.
  openai_errors: [
    {
      key: error('openai.AuthenticationError', 401, 'Incorrect API key'),
      model: error('openai.NotFoundError', 404, UNKNOWN_MODEL),
      limited: error('openai.RateLimitError', 429, 'It is rate_limit_exceeded'),
      broken: error('openai.InternalServerError', 500, 'It is server_error'),
      refused: error('openai.BadRequestError', 400, 'It is invalid_value'),
      unreachable: error('openai.APIConnectionError', null, 'Connection error'),
    },
    [LIMITED, BROKEN, INVALID],
  ],
  openai_retry: [HI, [refused('limited-once', 429, 'rate_limited'), ok('Hi', HI, { model_asked: 'lab/limited-once' })]],
  openai_timeout: [error('openai.APITimeoutError', null, 'timed out'), [left('silent')]],
  openai_stream_timeout: [{ texts: ['half'], ...error('openai.APITimeoutError', null, 'timed out') }, [left('stuck', 'half')]],
  openai_stream_closed: [['half'], [left('stuck', 'half')]],
  openai_stream_cut: [
    { texts: ['half'], ...error('openai.APIError', null, 'cut the connection') },
    [{ status: 'error', http_status: 502, error_class: 'upstream_reset', ...begun('cut', 'half') }],
  ],
  openai_many_at_once: [MANY.map(said), manyTraces(odd)],
  openai_task_cancelled: [{ done: 0, ended: 'CancelledError' }, [left('silent')]],
};

const LITELLM: Record<string, Expected> = {
  litellm_completion: [{ choices: [{ message: { content: HI }, finish_reason: 'stop' }], usage: usage('Hi', HI) }, [ok('Hi', HI)]],
  litellm_stream: [{ texts: PIECES, usage: usage('Hi', HI) }, [ok('Hi', HI, streamed)]],
  litellm_tools: [{ name: 'weather', arguments: ARGUMENTS, said: SUNNY }, [called('weather'), ok('Hi', SUNNY, { besides: 'sunny' })]],
  litellm_tools_stream: [{ name: 'weather', arguments: ARGUMENTS, finish: 'tool_calls' }, [called('weather', streamed)]],
  litellm_response_format: [JSON_ANSWER, [ok('Hi', JSON_ANSWER)]],
  litellm_images: [SEEN, [seen]],
  litellm_many_at_once: [MANY.map(said), manyTraces(odd)],
  litellm_embedding: [{ vectors: EMBEDDINGS.data.map(({ embedding }) => embedding), tokens: 3 }, [embedded]],
  litellm_responses: [{ text: HI, tokens: [2, HI.length] }, [ok('Hi', HI)]],
  litellm_anthropic: [{ text: HI, tokens: [2, HI.length], streamed: HI }, [ok('Hi', HI), ok('Hi', HI, streamed)]],
  litellm_errors: [
    {
      key: error('litellm.AuthenticationError', 401, 'Incorrect API key'),
      model: error('litellm.NotFoundError', 404, UNKNOWN_MODEL),
      limited: error('litellm.RateLimitError', 429, 'It is rate_limit_exceeded'),
      broken: error('litellm.InternalServerError', 500, 'It is server_error'),
      refused: error('litellm.BadRequestError', 400, 'It is invalid_value'),
    },
    [LIMITED, BROKEN, INVALID],
  ],
  litellm_timeout: [error('litellm.Timeout', 408, 'timed out'), [left('silent')]],
};

const ANTHROPIC: Record<string, Expected> = {
  anthropic_messages: [
    { content: [{ type: 'text', text: HI }], stop_reason: 'end_turn', usage: responseUsage('Be briefHi', HI) },
    [ok('Hi', HI, { besides: 'Be brief' })],
  ],
  anthropic_stream: [{ texts: PIECES, stop: 'end_turn', tokens: [2, HI.length] }, [ok('Hi', HI, streamed)]],
  anthropic_tools: [
    { name: 'weather', input: { city: 'Bern' }, stop: 'tool_use', said: SUNNY },
    [called('weather'), ok('Hi', SUNNY, { besides: 'sunny' })],
  ],
  anthropic_images: [SEEN, [seen]],
  // An estimate: no model is asked.
  anthropic_count_tokens: [expect.toSatisfy((tokens: number) => tokens > 0), []],
  anthropic_many_at_once: [MANY.map(said), manyTraces(() => false)],
  anthropic_errors: [
    {
      key: error('anthropic.AuthenticationError', 401, 'Incorrect API key'),
      model: error('anthropic.NotFoundError', 404, UNKNOWN_MODEL),
      limited: error('anthropic.RateLimitError', 429, 'It is rate_limit_exceeded'),
      broken: error('anthropic.InternalServerError', 500, 'It is server_error'),
      refused: error('anthropic.BadRequestError', 400, 'It is invalid_value'),
    },
    [LIMITED, BROKEN, INVALID],
  ],
};

export const EXPECTED: Record<string, Expected> = { ...OPENAI, ...LITELLM, ...ANTHROPIC };
