import { expect, test } from 'vitest';
import { askedParameters, calledTools, offeredTools } from './request-facts.ts';

test('tools are named in the new way and the old', () => {
  expect(offeredTools({ tools: [{ type: 'function', function: { name: 'refund' } }, { name: 'x' }, null, { function: {} }] })).toEqual([
    'refund',
    'x',
  ]);
  expect(offeredTools({ functions: [{ name: 'old' }] })).toEqual(['old']);
  expect(offeredTools({ tools: 'none' })).toEqual([]);
  expect(calledTools({ tool_calls: [{ function: { name: 'refund', arguments: '{}' } }] })).toEqual(['refund']);
  expect(calledTools({ function_call: { name: 'old' } })).toEqual(['old']);
  expect(calledTools({ content: 'no' })).toEqual([]);
});

test('parameters are what is short and neither message nor tool', () => {
  const body = { model: 'm', messages: [1], tools: [2], temperature: 0.5, stop: ['a'], response_format: { type: 'x'.repeat(300) } };
  expect(JSON.parse(askedParameters(body))).toEqual({ temperature: 0.5, stop: ['a'] });
  expect(askedParameters({ model: 'm', messages: [] })).toBe('');
});
