import { expect, it } from 'vitest';
import { answerOf, messagesOf } from './messages.ts';

it('reads text, parts and tool calls', () => {
  const request = {
    messages: [
      { role: 'system', content: 'Classify.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
          { type: 'image_url', image_url: { url: 'x' } },
        ],
      },
      { role: 'assistant', content: null, tool_calls: [{ id: '1' }] },
    ],
  };
  const [system, user, assistant] = messagesOf(request);
  expect(system).toEqual({ role: 'system', text: 'Classify.', rest: null });
  expect(user?.text).toBe('ab');
  expect(user?.rest).toContain('image_url');
  expect(assistant?.rest).toContain('"1"');
});

it('survives bodies that are no chat', () => {
  expect(messagesOf('plain text')).toEqual([]);
  expect(messagesOf(null)).toEqual([]);
  expect(answerOf({ error: { message: 'no' } })).toBeNull();
  expect(answerOf({ choices: [{ message: { role: 'assistant', content: 'card_arrival' } }] })?.text).toBe('card_arrival');
});
