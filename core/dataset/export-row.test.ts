import { expect, test } from 'vitest';
import { DatasetFileLine } from '../../contracts/datasets.ts';
import { exportLine } from './export-row.ts';

const call = { id: 'c1', type: 'function', function: { name: 'look_up', arguments: '{"id":7}' } };
const tool = { type: 'function', function: { name: 'look_up', parameters: { type: 'object' } } };
const row = {
  messages: [
    { role: 'system', content: 'Be brief.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this? ' },
        { type: 'image_url', image_url: { url: 'https://a/b.png' } },
      ],
    },
    { role: 'assistant', content: null, tool_calls: [call] },
    { role: 'tool', tool_call_id: 'c1', content: 'a card' },
  ],
  tools: [tool],
  responseFormat: null,
  reference: 'A card.',
};
const parsed = (...args: Parameters<typeof exportLine>) => JSON.parse(exportLine(...args)) as unknown;

test('openai: the conversation with the answer as its last message, and the tools', () => {
  expect(parsed('openai', row)).toEqual({ messages: [...row.messages, { role: 'assistant', content: 'A card.' }], tools: [tool] });
  expect(parsed('openai', { ...row, tools: null }, 'Gold')).toEqual({
    messages: [...row.messages, { role: 'assistant', content: 'Gold' }],
  });
});

test('sharegpt: turns by who speaks, calls and results of tools, system and tools beside them, images by their places', () => {
  expect(parsed('sharegpt', row)).toEqual({
    conversations: [
      { from: 'human', value: 'What is this? <image>' },
      { from: 'function_call', value: '{"name":"look_up","arguments":{"id":7}}' },
      { from: 'observation', value: 'a card' },
      { from: 'gpt', value: 'A card.' },
    ],
    system: 'Be brief.',
    tools: JSON.stringify([tool.function]),
    images: ['https://a/b.png'],
  });
});

test('sharegpt: several calls at once, one whose arguments are no JSON, and words beside them', () => {
  const odd = { ...call, function: { name: 'x', arguments: '{"half' } };
  const messages = [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Let me see.', tool_calls: [call, odd] },
  ];
  expect(parsed('sharegpt', { ...row, messages, tools: null }, 'Gold')).toEqual({
    conversations: [
      { from: 'human', value: 'Hi' },
      { from: 'gpt', value: 'Let me see.' },
      { from: 'function_call', value: '[{"name":"look_up","arguments":{"id":7}},{"name":"x","arguments":"{\\"half"}]' },
      { from: 'gpt', value: 'Gold' },
    ],
  });
});

test('stillhouse: a line that a dataset is built from again', () => {
  const line = DatasetFileLine.parse(parsed('stillhouse', { ...row, responseFormat: { type: 'json_object' } }, 'Gold'));
  expect(line).toMatchObject({
    messages: row.messages,
    answer: 'A card.',
    gold: 'Gold',
    tools: [tool],
    response_format: { type: 'json_object' },
  });
  expect(parsed('stillhouse', { ...row, tools: null })).toEqual({ messages: row.messages, answer: 'A card.' });
});
