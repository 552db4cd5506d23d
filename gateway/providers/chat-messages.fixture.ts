import fc from 'fast-check';

const text = fc.oneof(fc.constant(''), fc.constant(' '), fc.string({ maxLength: 12 }));
const part = fc.oneof(
  fc.record({ type: fc.constant('text'), text }),
  fc.record({
    type: fc.constant('image_url'),
    image_url: fc.record({ url: fc.constantFrom('data:image/png;base64,aaaa', 'https://x/y.png', 'data:,x', '') }),
  }),
  fc.record({ type: fc.constant('input_audio'), input_audio: fc.record({ data: text, format: fc.constantFrom('wav', 'mp3') }) }),
  fc.record({ type: fc.constant('file'), file: fc.record({ file_data: fc.constantFrom('data:application/pdf;base64,aaaa', 'x') }) }),
  fc.record({ type: fc.constantFrom('refusal', 'nonsense'), refusal: text }),
);
const content = fc.oneof(text, fc.array(part, { maxLength: 3 }), fc.constant(null), fc.constant(7));
const toolCall = fc.record({
  id: fc.constantFrom('a', 'b', 'c'),
  type: fc.constant('function'),
  function: fc.record({ name: fc.constantFrom('f', 'g'), arguments: fc.constantFrom('{}', '{"q":1}', '', '{', '[]', 'null') }),
});
const message = fc.oneof(
  fc.record({ role: fc.constantFrom('system', 'developer', 'user'), content }),
  fc.record({ role: fc.constant('assistant'), content, tool_calls: fc.option(fc.array(toolCall, { maxLength: 3 })) }),
  fc.record({ role: fc.constant('tool'), tool_call_id: fc.constantFrom('a', 'b', 'c'), content }),
  fc.record({ role: fc.constantFrom('function', 'alien'), content }),
);

/** Conversations in OpenAI's shape, sensible and not. */
export const chatMessages: fc.Arbitrary<object[]> = fc.array(message, { minLength: 1, maxLength: 8 });
