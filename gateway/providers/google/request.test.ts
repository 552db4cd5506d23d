import { expect, test } from 'vitest';
import { googleRequest } from './request.ts';
import { callOf, sent } from './sent.fixture.ts';

const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];
const refusal = (param: string) => expect.objectContaining({ code: 'invalid_request', param });

test.each([
  [
    { temperature: 1.5, top_p: 0.9, seed: 3, stop: ['x'], max_tokens: 9, n: 2 },
    { temperature: 1.5, topP: 0.9, seed: 3, stopSequences: ['x'], maxOutputTokens: 9, candidateCount: 2 },
  ],
  [{ top_k: 40, frequency_penalty: 0, presence_penalty: 0, logprobs: false, top_logprobs: 0 }, { topK: 40 }],
  [{ logprobs: true, top_logprobs: 0 }, { responseLogprobs: true }],
  [
    { logprobs: true, top_logprobs: 3 },
    { responseLogprobs: true, logprobs: 3 },
  ],
  [{ response_format: { type: 'json_object' } }, { responseMimeType: 'application/json' }],
  [
    { response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' } } } },
    { responseMimeType: 'application/json', responseJsonSchema: { type: 'object' } },
  ],
])('%j', (body, generationConfig) => {
  expect(sent(body)['generationConfig']).toEqual(generationConfig);
});

test.each([
  ['gemini-2.5-flash', { reasoning_effort: 'medium' }, { thinkingBudget: 8192, includeThoughts: true }],
  ['gemini-2.5-flash', { reasoning_effort: 'none' }, { thinkingBudget: 0 }],
  ['gemini-2.5-flash', { thinking: { type: 'disabled' }, reasoning_effort: 'high' }, { thinkingBudget: 0 }],
  ['gemini-2.5-flash', { thinking: { type: 'enabled', budget_tokens: 2000 } }, { thinkingBudget: 2000, includeThoughts: true }],
  ['gemini-2.5-pro', { thinking: { type: 'adaptive' } }, { includeThoughts: true }],
  ['gemini-3-flash-preview', { reasoning_effort: 'minimal' }, { thinkingLevel: 'minimal', includeThoughts: true }],
  ['gemini-3-pro-preview', { reasoning_effort: 'minimal' }, { thinkingLevel: 'low', includeThoughts: true }],
  ['gemini-3-pro-preview', { reasoning_effort: 'medium' }, { thinkingLevel: 'high', includeThoughts: true }],
  ['gemini-3.1-pro-preview', { reasoning_effort: 'medium' }, { thinkingLevel: 'medium', includeThoughts: true }],
  ['gemini-3.8-flash', { reasoning_effort: 'minimal' }, { thinkingLevel: 'low', includeThoughts: true }],
  ['gemini-4-argon', { thinking: { type: 'enabled', budget_tokens: 9000 } }, { thinkingLevel: 'medium', includeThoughts: true }],
  ['gemini-flash-latest', { reasoning_effort: 'high' }, { thinkingLevel: 'high', includeThoughts: true }],
])('%s thinks for %j', (model, body, thinkingConfig) => {
  expect(sent(body, { model })['generationConfig']).toEqual({ thinkingConfig });
});

test.each([
  ['gemini-2.5-pro', { reasoning_effort: 'none' }, 'reasoning_effort', { thinkingConfig: { thinkingBudget: 128 } }],
  ['gemini-3.8-flash', { reasoning_effort: 'none' }, 'reasoning_effort', { thinkingConfig: { thinkingLevel: 'low' } }],
  ['gemini-3.8-flash', { thinking: { type: 'disabled' } }, 'thinking', { thinkingConfig: { thinkingLevel: 'low' } }],
  ['gemini-2.0-flash', { reasoning_effort: 'low' }, 'reasoning_effort', undefined],
  ['gemini-2.0-flash', { thinking: { type: 'adaptive' } }, 'thinking', undefined],
  ['gemini-2.5-flash', { reasoning_effort: 'xhigh' }, 'reasoning_effort', undefined],
  ['gemini-2.5-flash', { logit_bias: { 5: 1 } }, 'logit_bias', undefined],
  ['gemini-2.5-flash', { parallel_tool_calls: false }, 'parallel_tool_calls', undefined],
  ['gemini-2.5-flash', { tools, response_format: { type: 'json_object' } }, 'response_format', undefined],
])('%s can’t do %j: refused by name, and next to it for a lenient caller', (model, body, param, generationConfig) => {
  expect(() => sent(body, { model })).toThrow(refusal(param));
  expect(sent(body, { model, lenient: true })['generationConfig']).toEqual(generationConfig);
});

test.each(['frequency_penalty', 'presence_penalty'])('%s: up to the second generation’s first models', (field) => {
  const asked = { [field]: 0.5 };
  const name = field === 'frequency_penalty' ? 'frequencyPenalty' : 'presencePenalty';
  expect(sent(asked, { model: 'gemini-2.0-flash' })['generationConfig']).toEqual({ [name]: 0.5 });
  for (const model of ['gemini-2.5-flash', 'gemini-3.5-flash', 'gemini-flash-latest']) {
    expect(() => sent(asked, { model })).toThrow(refusal(field));
    expect(sent(asked, { model, lenient: true })).not.toHaveProperty('generationConfig');
  }
});

test('how many log-probabilities there should be says nothing where none are asked for', () => {
  expect(() => sent({ top_logprobs: 3 })).toThrow(refusal('top_logprobs'));
});

test('from the third generation on an answer may have a form beside tools', () => {
  const { generationConfig } = sent({ tools, response_format: { type: 'json_object' } }, { model: 'gemini-3.5-flash' });
  expect(generationConfig).toEqual({ responseMimeType: 'application/json' });
});

const strict = [{ type: 'function', function: { name: 'f', strict: true } }];

test.each([
  [{ tools, tool_choice: 'none' }, { mode: 'NONE' }],
  [{ tools, tool_choice: 'required' }, { mode: 'ANY' }],
  [
    { tools, tool_choice: { type: 'function', function: { name: 'f' } } },
    { mode: 'ANY', allowedFunctionNames: ['f'] },
  ],
  [{ tools: strict }, { mode: 'VALIDATED' }],
])('tools: %j', (body, functionCallingConfig) => {
  expect(sent(body)['toolConfig']).toEqual({ functionCallingConfig });
});

test('tools without a choice, and a choice without tools', () => {
  expect(sent({ tools })).not.toHaveProperty('toolConfig');
  expect(sent({ tool_choice: 'none' })).not.toHaveProperty('toolConfig');
  expect(() => sent({ tool_choice: 'required' })).toThrow(refusal('tool_choice'));
});

test('the path of a model and a stream', () => {
  expect(googleRequest(callOf({}, { model: 'a/b' })).path).toBe('/models/a%2Fb:generateContent');
  expect(googleRequest(callOf({}, { model: 'models/gemini-x' })).path).toBe('/models/gemini-x:generateContent');
  expect(googleRequest(callOf({}, { stream: true })).path).toBe('/models/gemini-2.5-flash:streamGenerateContent?alt=sse');
  expect(() => sent({}, { model: 'gemini-\ud800' })).toThrow(refusal('model'));
});

test('what is nested too deep to be written is refused', () => {
  const deep: unknown = JSON.parse('{"a":'.repeat(20_000) + '1' + '}'.repeat(20_000));
  expect(() => sent({ tools: [{ type: 'function', function: { name: 'f', parameters: deep } }] })).toThrow(refusal('messages'));
});
