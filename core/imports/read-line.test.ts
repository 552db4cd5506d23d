import { expect, test } from 'vitest';
import { LogLines } from './read-line.ts';

const NOW = Date.parse('2026-06-01T00:00:00Z');
const read = (line: unknown, format: ConstructorParameters<typeof LogLines>[0] = 'auto') =>
  new LogLines(format, NOW).read(JSON.stringify(line));
const MESSAGES = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Where is my card?' },
];
const ANSWER = { role: 'assistant', content: 'On its way.' };
const COMPLETION = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_775_000_000,
  model: 'gpt-4o-2024-08-06',
  choices: [{ index: 0, message: ANSWER, finish_reason: 'stop' }],
  usage: { prompt_tokens: 20, completion_tokens: 4, total_tokens: 24, prompt_tokens_details: { cached_tokens: 8 } },
};
const asked = { messages: MESSAGES, answer: ANSWER, error: null };

test('OpenAI: an example for fine-tuning, a preference, a request with its completion', () => {
  expect(read({ messages: [...MESSAGES, ANSWER], tools: [], weight: 1 })).toMatchObject({ ...asked, at: null, parameters: { tools: [] } });
  const preference = {
    input: { messages: MESSAGES },
    preferred_output: [ANSWER],
    non_preferred_output: [{ role: 'assistant', content: 'No.' }],
  };
  expect(read(preference)).toMatchObject(asked);
  const request = { model: 'gpt-4o', messages: MESSAGES, temperature: 0, stream: true, metadata: { team: 'cards' }, user: 'u1' };
  expect(read({ request, response: COMPLETION })).toMatchObject({
    ...asked,
    sourceId: 'chatcmpl-1',
    at: 1_775_000_000_000,
    modelAsked: 'gpt-4o',
    modelAnswered: 'gpt-4o-2024-08-06',
    parameters: { temperature: 0 },
    finishReason: 'stop',
    usage: { input: 20, output: 4, cached: 8, reasoning: 0 },
    metadata: { team: 'cards' },
    userId: 'u1',
    streamed: true,
  });
  expect(read({ ...COMPLETION, messages: MESSAGES })).toMatchObject({ ...asked, modelAsked: 'gpt-4o-2024-08-06', parameters: {} });
  expect(read({ request, response: { status_code: 429, body: { error: { message: 'slow down' } } } })).toMatchObject({
    answer: null,
    error: 'slow down',
    httpStatus: 429,
  });
  expect(() => read({ custom_id: 'a', response: { body: COMPLETION } })).toThrow('no messages');
  expect(() => read({ custom_id: 'a', method: 'POST', url: '/v1/chat/completions', body: request })).toThrow('no answer');
  expect(() => read({ messages: MESSAGES })).toThrow("not the assistant's");
});

test('Langfuse: generations by the API or from a bucket; spans are no calls', () => {
  const generation = {
    id: 'o1',
    traceId: 't1',
    type: 'GENERATION',
    name: 'answer',
    startTime: '2026-05-01T10:00:00.000Z',
    endTime: '2026-05-01T10:00:02.500Z',
    completionStartTime: '2026-05-01T10:00:00.400Z',
    model: 'gpt-4o',
    modelParameters: { temperature: 0.2 },
    input: MESSAGES,
    output: ANSWER,
    usageDetails: { input: 12, input_cached_tokens: 8, output: 4, total: 24 },
    costDetails: { input: 0.001, output: 0.002, total: 0.003 },
    level: 'DEFAULT',
    metadata: { team: 'cards' },
  };
  expect(read(generation)).toMatchObject({
    ...asked,
    sourceId: 'o1',
    at: Date.parse('2026-05-01T10:00:00Z'),
    modelAsked: 'gpt-4o',
    parameters: { temperature: 0.2 },
    usage: { input: 20, output: 4, cached: 8 },
    costUsd: 0.003,
    latencyMs: 2500,
    firstTokenMs: 400,
    streamed: true,
    metadata: { team: 'cards', langfuse_name: 'answer', langfuse_trace: 't1' },
  });
  const bucket = {
    id: 'o2',
    trace_id: 't1',
    type: 'GENERATION',
    start_time: '2026-05-01 10:00:00.000000',
    provided_model_name: 'gpt-4o',
    input: JSON.stringify(MESSAGES),
    output: JSON.stringify(ANSWER),
    usage_details: { input: 12, output: 4 },
  };
  expect(read(bucket)).toMatchObject({ ...asked, at: Date.parse('2026-05-01T10:00:00Z'), modelAsked: 'gpt-4o', costUsd: null });
  expect(read({ ...generation, input: 'Where is my card?', output: 'On its way.' })).toMatchObject({
    messages: MESSAGES.slice(1),
    answer: ANSWER,
  });
  expect(read({ ...generation, output: null, level: 'ERROR', statusMessage: 'overloaded' })).toMatchObject({
    answer: null,
    error: 'overloaded',
  });
  expect(read({ ...generation, type: 'SPAN' })).toBeNull();
  expect(() => read({ ...generation, output: null })).toThrow('output: there is no answer');
});

test('LiteLLM: the logging payload and spend logs; a cost of 0 that means unknown is none', () => {
  const payload = {
    id: 'chatcmpl-2',
    trace_id: 's1',
    call_type: 'acompletion',
    response_cost: 0.0005,
    status: 'success',
    prompt_tokens: 20,
    completion_tokens: 4,
    startTime: 1_775_000_000.25,
    endTime: 1_775_000_001.25,
    completionStartTime: 1_775_000_001.25,
    model: 'openai/gpt-4o',
    custom_llm_provider: 'openai',
    metadata: { user_api_key_alias: 'prod', requester_metadata: { team: 'cards' } },
    messages: MESSAGES,
    response: COMPLETION,
    model_parameters: { temperature: 0, stream: false },
  };
  expect(read(payload)).toMatchObject({
    ...asked,
    at: 1_775_000_000_250,
    provider: 'openai',
    modelAsked: 'gpt-4o',
    costUsd: 0.0005,
    latencyMs: 1000,
    firstTokenMs: 0,
    sessionId: 's1',
    metadata: { team: 'cards', litellm_key: 'prod' },
    parameters: { temperature: 0 },
    usage: { input: 20, output: 4, cached: 8 },
  });
  const spend = {
    request_id: 'r1',
    call_type: 'acompletion',
    spend: 0,
    model: 'my-model',
    startTime: '2026-05-01T10:00:00.123000',
    endTime: '2026-05-01T10:00:01Z',
    messages: {},
    proxy_server_request: JSON.stringify({ model: 'my-model', messages: MESSAGES }),
    response: JSON.stringify(COMPLETION),
    prompt_tokens: 20,
    completion_tokens: 4,
  };
  expect(read(spend)).toMatchObject({ ...asked, sourceId: 'r1', at: Date.parse('2026-05-01T10:00:00.123Z'), costUsd: null });
  expect(read({ ...spend, call_type: 'aembedding' })).toBeNull();
  expect(() => read({ ...spend, proxy_server_request: '{}' })).toThrow('store_prompts_in_spend_logs');
  expect(read({ ...payload, status: 'failure', error_str: 'no', error_information: { error_code: '429' }, response: {} })).toMatchObject({
    error: 'no',
    httpStatus: 429,
  });
});

test("Helicone: bodies of OpenAI and Anthropic; properties that are Helicone's own stay out", () => {
  const row = {
    request_id: 'h1',
    request_created_at: '2026-05-01T10:00:00.000Z',
    request_body: { model: 'gpt-4o', messages: MESSAGES, temperature: 0 },
    request_user_id: 'u1',
    request_properties: { team: 'cards', 'Helicone-Session-Id': 's1' },
    response_status: 200,
    response_body: COMPLETION,
    provider: 'OPENAI',
    delay_ms: 900,
    prompt_tokens: 20,
    completion_tokens: 4,
    costUSD: 0.001,
  };
  expect(read(row)).toMatchObject({
    ...asked,
    provider: 'openai',
    latencyMs: 900,
    userId: 'u1',
    sessionId: 's1',
    metadata: { team: 'cards' },
    costUsd: 0.001,
    parameters: { temperature: 0 },
  });
  const anthropic = {
    ...row,
    provider: 'ANTHROPIC',
    request_body: { model: 'claude', system: 'Be brief.', max_tokens: 10, messages: MESSAGES.slice(1) },
    response_body: {
      type: 'message',
      model: 'claude',
      stop_reason: 'tool_use',
      content: [
        { type: 'text', text: 'Looking.' },
        { type: 'tool_use', id: 't', name: 'find', input: { card: 1 } },
      ],
      usage: { input_tokens: 9, output_tokens: 3 },
    },
  };
  expect(read(anthropic)).toMatchObject({
    messages: MESSAGES,
    finishReason: 'tool_calls',
    answer: { content: 'Looking.', tool_calls: [{ function: { name: 'find', arguments: '{"card":1}' } }] },
  });
  expect(() => read({ ...row, request_body: undefined })).toThrow('--include-body');
});

test("OpenTracy: the engine's rows, with bodies as text, and its agents' traces", () => {
  const engine = {
    request_id: 'q1',
    timestamp: '2026-05-01 10:00:00.000',
    selected_model: 'gpt-4o',
    provider: 'openai',
    input_messages: JSON.stringify(MESSAGES),
    output_message: JSON.stringify(ANSWER),
    tokens_in: 20,
    tokens_out: 4,
    total_cost_usd: 0.002,
    latency_ms: 800.4,
    is_error: 0,
    request_type: 'chat',
    request_tools: '[]',
    response_tool_calls: '[]',
  };
  expect(read(engine)).toMatchObject({ ...asked, provider: 'openai', modelAsked: 'gpt-4o', costUsd: 0.002, latencyMs: 800 });
  expect(read({ ...engine, request_type: 'route' })).toBeNull();
  expect(read({ ...engine, is_error: 1, error_message: 'down', output_message: '' })).toMatchObject({ error: 'down', answer: null });
  const agent = {
    trace_id: 'a1',
    timestamp: '2026-05-01T10:00:00.000Z',
    request: 'Where is my card?',
    response: 'On its way.',
    duration_ms: 12.5,
    success: true,
    session_id: 's1',
    history: [
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Hi' },
    ],
    stages: [{ stage: 'route', routing_model: 'openai/gpt-4o' }],
  };
  expect(read(agent)).toMatchObject({
    messages: [...agent.history, MESSAGES[1]],
    answer: ANSWER,
    provider: 'openai',
    modelAsked: 'gpt-4o',
    sessionId: 's1',
  });
});

test('our own export: as it was; calls of the pipeline and those without an end stay out', () => {
  const row = {
    id: '019d0000-0000-7000-8000-000000000000',
    at: '2026-05-01T10:00:00.000Z',
    origin: 'app',
    alias: 'triage',
    aliasVersion: 3,
    provider: 'openai',
    modelAsked: 'triage',
    modelAnswered: 'gpt-4o',
    status: 'ok',
    httpStatus: 200,
    request: JSON.stringify({ model: 'triage', messages: MESSAGES, temperature: 0 }),
    response: JSON.stringify(COMPLETION),
    tokensIn: 20,
    tokensOut: 4,
    costUsd: 0,
    metadata: { gold: 'x' },
  };
  expect(read(row)).toMatchObject({ ...asked, costUsd: 0, metadata: { gold: 'x' }, parameters: { temperature: 0 } });
  expect(read({ ...row, origin: 'pipeline' })).toBeNull();
  expect(read({ ...row, status: 'interrupted' })).toBeNull();
  expect(() => read({ ...row, request: '' })).toThrow('without its bodies');
});
