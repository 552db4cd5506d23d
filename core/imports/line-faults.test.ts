import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineFault } from './imported-call.ts';
import { LogLines } from './read-line.ts';

const lines = new LogLines('auto', Date.parse('2026-06-01T00:00:00Z'));
const read = (line: unknown) => lines.read(JSON.stringify(line));
const MESSAGES = [
  { role: 'user', content: 'Where is my card?' },
  { role: 'assistant', content: 'On its way.' },
];
const COMPLETION = { choices: [{ message: MESSAGES[1], finish_reason: 'stop' }] };

test('what is no call says why: broken JSON, other columns, impossible times', () => {
  expect(() => lines.read('{"messages": [')).toThrow('is not JSON');
  expect(() => lines.read('[1]')).toThrow('no JSON object');
  expect(() => read({ prompt: 'a', completion: 'b' })).toThrow('fields: prompt, completion');
  const at = (timestamp: unknown) => () => read({ messages: MESSAGES, timestamp });
  expect(at('1970-01-01T00:00:00Z')).toThrow('before there were such calls');
  expect(at('2100-01-01T00:00:00Z')).toThrow('in the future');
  expect(at('yesterday')).toThrow('"yesterday" is no time');
  expect(at(0)).toThrow('before there were');
});

test('whatever a line is, it is a call, none, or a fault with a reason', () => {
  const keys = fc.constantFrom(
    ...'messages choices request response type traceId input output call_type request_id spend selected_model trace_id duration_ms success aliasVersion modelAsked request_body timestamp startTime usage metadata custom_id preferred_output'.split(
      ' ',
    ),
  );
  const value = fc.oneof(fc.jsonValue(), fc.constant(MESSAGES), fc.constant(COMPLETION), fc.constant('GENERATION'));
  fc.assert(
    fc.property(fc.dictionary(keys, value, { noNullPrototype: true }), (line) => {
      try {
        const call = read(line);
        if (call) expect(call.messages.length).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(LineFault);
        expect((error as Error).message).not.toBe('');
      }
    }),
    { numRuns: 2000 },
  );
});
