import { expect, test } from 'vitest';
import { isBeyondTarget } from './attempt-outcome.ts';

/** What providers are known to say, in their own words. */
test.each([
  [400, "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."],
  [400, '{"error":{"code":"context_length_exceeded","message":"Input tokens exceed the configured limit of 272000 tokens."}}'],
  [400, 'prompt is too long: 208310 tokens > 200000 maximum'],
  [400, 'input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000'],
  [400, 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).'],
  [400, 'Input is too long for requested model.'],
  [422, 'too many tokens: total number of tokens in the prompt cannot exceed 4081'],
  [400, 'Prompt contains 40000 tokens, too large for model with 32768 maximum context length'],
  [422, 'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193'],
  [400, 'the request exceeds the available context size. try increasing the context size or enable context shift'],
  [413, '<html>Request Entity Too Large</html>'],
  [400, '{"error":{"code":"unsupported_parameter","param":"temperature"}}'],
  [400, '{"error":{"code":"unsupported_value","param":"temperature"}}'],
])('%i, another target may do it: %s', (status, text) => {
  expect(isBeyondTarget(status, text)).toBe(true);
});

test.each([
  [400, "Invalid 'messages[0].content': a string or a list is needed"],
  [400, '{"error":{"code":"content_policy_violation","message":"Your request was rejected by our safety system"}}'],
  [422, 'body.messages: field required'],
  [500, 'maximum context length'],
])('%i is said once: %s', (status, text) => {
  expect(isBeyondTarget(status, text)).toBe(false);
});
