import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { HumanMessage } from '@langchain/core/messages';
import { tool as langchainTool } from '@langchain/core/tools';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { embedMany, generateObject, generateText, stepCountIs, streamText, tool } from 'ai';
import OpenAI from 'openai';
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { BERN, describedModel } from './described-model.ts';
import { ADMIN_KEY, type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { type Check, openAISchemas } from './openai-schema.ts';
import { startUpstream, type TestUpstream, USAGE } from './upstream.ts';

/**
 * The published clients, untouched, over an upstream that takes only what OpenAI's own description allows, and whose answers, and the
 * gateway's, are held against it too.
 */

const City = z.object({ city: z.string(), people: z.number() });
/** What was not as OpenAI describes it, of requests and answers alike. */
const faults: string[] = [];

let upstream: TestUpstream;
let gateway: GatewayProcess;
let check: (name: string) => Check;
let openai: OpenAI;

beforeAll(async () => {
  check = openAISchemas();
  upstream = await startUpstream(describedModel({ check, faults }));
  gateway = await startGatewayProcess({
    clickhouseUrl: 'http://127.0.0.1:9',
    limits: { retries: 0 },
    providers: [labProvider(upstream.url)],
    aliases: { smart: { targets: [{ target: 'lab/test', weight: 1 }] } },
  });
  openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: ADMIN_KEY, maxRetries: 0, fetch: checkedFetch });
}, 60_000);
afterAll(async () => {
  await gateway?.dispose();
  await upstream?.stop();
});
beforeEach(() => {
  faults.length = 0;
});

/** Schemas of answers by the end of the path: whole, and of an event of a stream. */
const ANSWERS: readonly [string, string, string][] = [
  ['/chat/completions', 'CreateChatCompletionResponse', 'CreateChatCompletionStreamResponse'],
  ['/responses', 'Response', 'ResponseStreamEvent'],
  ['/completions', 'CreateCompletionResponse', 'CreateCompletionResponse'],
  ['/embeddings', 'CreateEmbeddingResponse', ''],
  ['/models', 'ListModelsResponse', ''],
];

interface Answered {
  data?: { embedding?: unknown }[];
}

/** Clients ask for vectors as base64, of which the description knows nothing: they are held against it as the numbers that they are. */
function decoded(body: Answered): Answered {
  for (const one of body.data ?? [])
    if (typeof one.embedding === 'string')
      one.embedding = [...new Float32Array(Uint8Array.from(Buffer.from(one.embedding, 'base64')).buffer)];
  return body;
}

/** `fetch` that holds what the gateway answers against the description. */
async function checkedFetch(input: Parameters<typeof fetch>[0], init?: RequestInit): Promise<Response> {
  const response = await fetch(input, init);
  const { pathname } = new URL(input instanceof Request ? input.url : String(input));
  const [, whole, event] = ANSWERS.find(([path]) => pathname.endsWith(path)) ?? [];
  if (!response.ok || whole === undefined) return response;
  const text = await response.text();
  if (!response.headers.get('content-type')?.startsWith('text/event-stream'))
    faults.push(...check(whole)(decoded(JSON.parse(text) as Answered)));
  else for (const [, data] of text.matchAll(/^data: (.*)$/gm)) if (data !== '[DONE]') faults.push(...check(event!)(JSON.parse(data!)));
  return new Response(text, { status: response.status, headers: response.headers });
}

const hello = [{ role: 'user' as const, content: 'Hi' }];

test('openai: a parsed answer, by chat and by responses', async () => {
  const parsed = await openai.chat.completions.parse({ model: 'smart', messages: hello, response_format: zodResponseFormat(City, 'city') });
  expect(parsed.choices[0]!.message.parsed).toEqual(BERN);
  const response = await openai.responses.parse({ model: 'smart', input: 'Which city?', text: { format: zodTextFormat(City, 'city') } });
  expect(response.output_parsed).toEqual(BERN);
  expect(faults).toEqual([]);
});

test('openai: tools are run until there is an answer, whole and streamed', async () => {
  const asked: unknown[] = [];
  const weather = {
    type: 'function' as const,
    function: {
      name: 'weather',
      description: 'of a city',
      parameters: { type: 'object', properties: { city: { type: 'string' } } },
      parse: JSON.parse as (text: string) => { city: string },
      function: (given: { city: string }) => {
        asked.push(given);
        return 'sunny';
      },
    },
  };
  const whole = openai.chat.completions.runTools({ model: 'smart', messages: hello, tools: [weather] });
  expect(await whole.finalContent()).toBe('It is sunny in Bern.');
  const streamed = openai.chat.completions.runTools({ model: 'smart', messages: hello, tools: [weather], stream: true });
  expect(await streamed.finalContent()).toBe('It is sunny in Bern.');
  expect(asked).toEqual([{ city: 'Bern' }, { city: 'Bern' }]);
  expect(faults).toEqual([]);
});

test('openai: events of streams, by chat and by responses; usage where it is asked for', async () => {
  const deltas: string[] = [];
  const stream = openai.chat.completions.stream({ model: 'smart', messages: hello, stream_options: { include_usage: true } });
  stream.on('content', (delta) => deltas.push(delta));
  expect((await stream.finalChatCompletion()).usage).toMatchObject(USAGE);
  expect(deltas.join('')).toBe('Hello to you');
  const types: string[] = [];
  const responses = openai.responses.stream({ model: 'smart', input: 'Hi' });
  responses.on('event', ({ type }) => types.push(type));
  expect((await responses.finalResponse()).output_text).toBe('Hello to you');
  expect([types[0], types.at(-1)]).toEqual(['response.created', 'response.completed']);
  expect(faults).toEqual([]);
});

test('openai: a conversation of responses with a tool, embeddings, completions, models', async () => {
  const tools = [{ type: 'function' as const, name: 'weather', parameters: { type: 'object', properties: {} }, strict: false }];
  const first = await openai.responses.create({ model: 'smart', input: 'How is it?', tools });
  const call = first.output.find((item) => item.type === 'function_call')!;
  const output = [{ type: 'function_call_output' as const, call_id: call.call_id, output: 'sunny' }];
  const second = await openai.responses.create({ model: 'smart', input: output, previous_response_id: first.id, tools });
  expect(second.output_text).toBe('It is sunny in Bern.');
  expect((await openai.embeddings.create({ model: 'smart', input: ['a', 'b'] })).data.map(({ embedding }) => embedding)).toEqual([
    [0.5, 0.25],
    [0.5, 0.25],
  ]);
  expect((await openai.completions.create({ model: 'smart', prompt: 'Hi' })).choices[0]!.text).toBe('Hello to you');
  expect((await openai.models.list()).data.map(({ id }) => id)).toContain('smart');
  expect(faults).toEqual([]);
});

test('the AI SDK: text, stream, tools, objects, embeddings', async () => {
  const provider = createOpenAICompatible({
    name: 'stillhouse',
    baseURL: `${gateway.url}/v1`,
    apiKey: ADMIN_KEY,
    fetch: checkedFetch,
    supportsStructuredOutputs: true,
    includeUsage: true,
  });
  const model = provider('smart');
  const text = await generateText({ model, prompt: 'Hi', maxRetries: 0 });
  expect([text.text, text.finishReason, text.usage.inputTokens]).toEqual(['Hello to you', 'stop', 10]);
  const stream = streamText({ model, prompt: 'Hi', maxRetries: 0 });
  expect(await Array.fromAsync(stream.textStream)).toEqual(['Hello', ' to', ' you']);
  expect((await stream.usage).outputTokens).toBe(4);
  const weather = tool({ description: 'of a city', inputSchema: z.object({ city: z.string() }), execute: () => Promise.resolve('sunny') });
  const called = await generateText({ model, prompt: 'How is it?', tools: { weather }, stopWhen: stepCountIs(3), maxRetries: 0 });
  expect(called.text).toBe('It is sunny in Bern.');
  expect(called.steps[0]!.toolCalls[0]).toMatchObject({ toolName: 'weather', input: { city: 'Bern' } });
  expect((await generateObject({ model, schema: City, prompt: 'Which city?', maxRetries: 0 })).object).toEqual(BERN);
  const { embeddings } = await embedMany({ model: provider.textEmbeddingModel('smart'), values: ['a', 'b'], maxRetries: 0 });
  expect(embeddings).toEqual([
    [0.5, 0.25],
    [0.5, 0.25],
  ]);
  expect(faults).toEqual([]);
});

test('LangChain: invoke, stream, tools, structured output, embeddings', async () => {
  const configuration = { baseURL: `${gateway.url}/v1`, fetch: checkedFetch };
  const chat = new ChatOpenAI({ model: 'smart', apiKey: ADMIN_KEY, maxRetries: 0, configuration });
  const answered = await chat.invoke('Hi');
  expect([answered.content, answered.usage_metadata?.input_tokens]).toEqual(['Hello to you', 10]);
  const pieces = await Array.fromAsync(await chat.stream('Hi'), ({ content }) => content as string);
  expect(pieces.join('')).toBe('Hello to you');
  const weather = langchainTool(() => 'sunny', { name: 'weather', description: 'of a city', schema: z.object({ city: z.string() }) });
  const called = await chat.bindTools([weather]).invoke([new HumanMessage('How is it?')]);
  expect(called.tool_calls).toMatchObject([{ name: 'weather', args: { city: 'Bern' } }]);
  const structured = chat.withStructuredOutput(City, { method: 'jsonSchema', name: 'city' });
  expect(await structured.invoke('Which city?')).toEqual(BERN);
  const embeddings = new OpenAIEmbeddings({ model: 'smart', apiKey: ADMIN_KEY, maxRetries: 0, configuration });
  expect(await embeddings.embedDocuments(['a'])).toEqual([[0.5, 0.25]]);
  expect(faults).toEqual([]);
});
