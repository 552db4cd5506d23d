/** OpenRouter's `reasoning_details`: as they came, out, put together, and back. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, completionOf, providerAt, readStream } from './provider-bench.ts';
import { answerWith, startUpstream, type TestUpstream, USAGE } from './upstream.ts';

let upstream: TestUpstream;
beforeAll(async () => {
  upstream = await startUpstream();
});
afterAll(() => upstream?.stop());

/** As OpenRouter's documentation of reasoning has them: a summary and an encrypted block under one index, a text with its signature. */
const OPENAI_DETAILS = [
  { type: 'reasoning.summary', summary: 'hm hm', format: 'openai-responses-v1', index: 0 },
  { type: 'reasoning.encrypted', data: 'gAAAAAB', id: 'rs_1', format: 'openai-responses-v1', index: 0 },
];
const CLAUDE_DETAILS = [{ type: 'reasoning.text', text: 'hm hm', signature: 'EqAB', format: 'anthropic-claude-v1', index: 0 }];
const call = { id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } };

test.each([
  [
    OPENAI_DETAILS,
    [
      { reasoning: 'hm', reasoning_details: [{ ...OPENAI_DETAILS[0], summary: 'hm' }] },
      { reasoning: ' hm', reasoning_details: [{ ...OPENAI_DETAILS[0], summary: ' hm' }] },
      { reasoning: null, reasoning_details: [OPENAI_DETAILS[1]] },
    ],
  ],
  [
    CLAUDE_DETAILS,
    [
      // Of some models the blocks alone say what was thought.
      { reasoning_details: [{ type: 'reasoning.text', text: 'hm', signature: null, format: 'anthropic-claude-v1', index: 0 }] },
      { reasoning_details: [{ type: 'reasoning.text', text: ' hm', format: 'anthropic-claude-v1', index: 0 }] },
      { reasoning_details: [{ type: 'reasoning.text', signature: 'EqAB', format: 'anthropic-claude-v1', index: 0 }] },
    ],
  ],
])('OpenRouter’s blocks of reasoning: text, stream, and back with a tool’s result, unchanged', async (details, deltas) => {
  const provider = providerAt('openrouter', upstream.url);
  const message = { role: 'assistant', content: null, reasoning_details: details, tool_calls: [call] };
  const spent = { ...USAGE, completion_tokens_details: { reasoning_tokens: 3 } };
  upstream.answer = answerWith('', { choices: [{ index: 0, message, finish_reason: 'tool_calls' }], usage: spent });
  const whole = completionOf(await ask(provider, {})).choices[0]!.message as object;
  expect(whole).toEqual({ ...message, reasoning_content: 'hm hm' });

  const head = { id: 'a', created: 1, model: 'their-model' };
  const all = [...deltas, { tool_calls: [{ ...call, index: 0 }] }].map((delta) => ({
    ...head,
    choices: [{ index: 0, delta, finish_reason: null }],
  }));
  const last = { ...head, choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }], usage: spent };
  upstream.answer = (_asked, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end([...all, last].map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('') + 'data: [DONE]\n\n');
  };
  const { completion, recorder } = await readStream(await ask(provider, { stream: true }));
  expect(completion.choices[0]!.message).toEqual(whole);
  expect(recorder.usage).toMatchObject({ tokensReasoning: 3 });

  const result = { role: 'tool', tool_call_id: 'c1', content: '4' };
  const turn = { messages: [{ role: 'user', content: 'Hi' }, whole, result] };
  upstream.answer = answerWith('four');
  await ask(provider, turn);
  const { reasoning_content: said, ...back } = whole as Record<string, unknown>;
  expect((upstream.asked.at(-1)!.body['messages'] as object[]).slice(1)).toEqual([{ ...back, reasoning: said }, result]);
  // To others they mean nothing, and strict ones refuse what they do not know.
  await ask(providerAt('groq', upstream.url), turn);
  expect(upstream.asked.at(-1)!.text).not.toContain('reasoning_details');
});
