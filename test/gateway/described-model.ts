import type { Check } from './openai-schema.ts';
import { type Asked, type TestUpstream, USAGE } from './upstream.ts';

type Response = Parameters<TestUpstream['answer']>[1];

/** What it answers where JSON is asked for. */
export const BERN = { city: 'Bern', people: 134_794 };

export interface DescribedModelOptions {
  check: (name: string) => Check;
  /** Takes what was not as OpenAI describes it. */
  faults: string[];
  /** A text as answer to a request that asks for no JSON and offers no tool. */
  says?: (body: Asked['body']) => string;
  /** Tokens of a request and of the text, or the tool's arguments, that answer it. */
  usage?: (body: Asked['body'], answered: string) => typeof USAGE;
}

/**
 * An upstream that takes only what OpenAI's own description allows, and answers as a model would: calls the tool that is
 * offered, once; JSON where it is asked for; else a text.
 */
export function describedModel({ check, faults, ...options }: DescribedModelOptions): TestUpstream['answer'] {
  const { says = () => 'Hello to you', usage = () => USAGE } = options;
  return ({ path, body }, response) => {
    if (path.endsWith('/embeddings')) {
      faults.push(...check('CreateEmbeddingRequest')(body));
      return json(response, embeddings(body));
    }
    faults.push(...check('CreateChatCompletionRequest')(body));
    const messages = body['messages'] as { role: string }[];
    const answered = messages.at(-1)?.role === 'tool';
    const [offered] = (body['tools'] ?? []) as { function: { name: string } }[];
    if (offered && !answered) {
      const given = '{"city":"Bern"}';
      const call = { id: 'call_1', type: 'function', function: { name: offered.function.name, arguments: given } };
      return said(response, body, { tool_calls: [call] }, 'tool_calls', usage(body, given));
    }
    const format = (body['response_format'] as { type?: string } | undefined)?.type;
    const content = format?.startsWith('json') ? JSON.stringify(BERN) : answered ? 'It is sunny in Bern.' : says(body);
    said(response, body, { content }, 'stop', usage(body, content));
  };
}

function embeddings(body: Asked['body']): object {
  const inputs = [body['input']].flat();
  const vector = body['encoding_format'] === 'base64' ? Buffer.from(Float32Array.of(0.5, 0.25).buffer).toString('base64') : [0.5, 0.25];
  const data = inputs.map((_, index) => ({ object: 'embedding', index, embedding: vector }));
  return { object: 'list', data, model: 'test-1', usage: { prompt_tokens: 3, total_tokens: 3 } };
}

function said(
  response: Response,
  body: Asked['body'],
  message: { content?: string; tool_calls?: object[] },
  finish: string,
  usage: typeof USAGE,
): void {
  if (body['stream'] !== true) return json(response, completion(message, finish, usage));
  const chunk = (delta: object, reason: string | null) => ({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1_775_000_000,
    model: 'test-1',
    choices: [{ index: 0, delta, finish_reason: reason, logprobs: null }],
  });
  const pieces = message.content?.split(/(?= )/).map((content) => ({ content })) ?? [];
  const calls = message.tool_calls?.map((call, index) => ({ tool_calls: [{ index, ...call }] })) ?? [];
  const chunks = [
    chunk({ role: 'assistant', content: '' }, null),
    ...[...pieces, ...calls].map((delta) => chunk(delta, null)),
    chunk({}, finish),
  ];
  const withUsage = (body['stream_options'] as { include_usage?: boolean } | undefined)?.include_usage === true;
  const frames = [...chunks, ...(withUsage ? [{ ...chunks[0], choices: [], usage }] : [])].map((one) => `data: ${JSON.stringify(one)}\n\n`);
  response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`${frames.join('')}data: [DONE]\n\n`);
}

function completion(message: object, finish: string, usage: typeof USAGE): object {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1_775_000_000,
    model: 'test-1',
    choices: [
      { index: 0, message: { role: 'assistant', content: null, refusal: null, ...message }, finish_reason: finish, logprobs: null },
    ],
    usage,
  };
}

function json(response: Response, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
