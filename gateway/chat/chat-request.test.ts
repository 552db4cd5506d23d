import { expect, test } from 'vitest';
import { parseChatRequest } from './chat-request.ts';

test('a model longer than any name is refused before it is looked for', () => {
  const asked = (length: number) =>
    parseChatRequest(JSON.stringify({ model: 'm'.repeat(length), messages: [{ role: 'user', content: 'x' }] }), undefined);
  expect(asked(256).model).toHaveLength(256);
  expect(() => asked(257)).toThrow(expect.objectContaining({ code: 'invalid_request', param: 'model' }) as Error);
});
