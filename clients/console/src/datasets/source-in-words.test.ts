import { expect, it } from 'vitest';
import { sourceInWords } from './source-in-words.ts';

it('says where rows come from', () => {
  expect(sourceInWords({ traces: {} })).toBe('all traces');
  expect(sourceInWords({ traces: { alias: 'support', metadata: { run: '7' } } })).toBe('traces: alias support, run=7');
  expect(sourceInWords({ file: 'ab'.repeat(32) })).toBe('file abababababab');
});
