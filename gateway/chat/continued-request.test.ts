import { expect, test } from 'vitest';
import { parseChatRequest } from './chat-request.ts';
import { continuedRequest } from './continued-request.ts';

const requestOf = (fields: object) =>
  parseChatRequest(JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], ...fields }), undefined);

test('what has come counts against the bound of the whole answer', () => {
  const asked = requestOf({ max_tokens: 100, max_completion_tokens: 50, seed: 7 });
  const left = continuedRequest(asked, 'x'.repeat(120));
  expect(JSON.parse(left.text)).toEqual({ ...asked.body, max_tokens: 70, max_completion_tokens: 20 });
  expect(left.body).toEqual(JSON.parse(left.text));
  expect(left.members.map(({ key, valueStart, valueEnd }) => [key, JSON.parse(left.text.slice(valueStart, valueEnd))])).toEqual(
    Object.entries(left.body),
  );
  // What is left can't be nothing: no API takes that.
  expect(continuedRequest(asked, 'x'.repeat(4000)).body).toMatchObject({ max_tokens: 1, max_completion_tokens: 1 });
});

test('without a bound nothing changes', () => {
  for (const fields of [{}, { max_tokens: null }, { max_completion_tokens: 'many' }]) {
    const asked = requestOf(fields);
    expect(continuedRequest(asked, 'x'.repeat(120))).toBe(asked);
  }
});
