import { expect, test } from 'vitest';
import { namingMessages, parseNaming } from './naming.ts';
import { clashing, keywordName, nameKey, uniqueName } from './unique-names.ts';

const GOOD = { name: 'Lost  card', description: 'd', inclusion: 'i', exclusion: 'e' };

test('an answer is taken whole or not at all', () => {
  expect(parseNaming(JSON.stringify(GOOD))).toEqual({ ...GOOD, name: 'Lost card' });
  expect(parseNaming(`\`\`\`json\n${JSON.stringify(GOOD)}\n\`\`\``)?.name).toBe('Lost card');
  const bad = [
    'Lost card',
    '',
    '{"name": "Lost card"',
    JSON.stringify({ ...GOOD, exclusion: undefined }),
    JSON.stringify({ ...GOOD, name: 'one two three four five six seven' }),
    JSON.stringify({ ...GOOD, name: ' ' }),
    JSON.stringify({ ...GOOD, inclusion: '' }),
    '[]',
    'null',
  ];
  for (const answer of bad) expect([answer, parseNaming(answer)]).toEqual([answer, null]);
});

test('the model sees the members, those of other groups, and which names are taken', () => {
  const [rules, shown] = namingMessages({ members: ['where is "it"?', 'x'.repeat(1_000)], others: [['block my pin']] }, ['Card']);
  expect(rules!.content).toMatch(/at most 6 words/);
  expect(shown!.content).toContain('- "where is \\"it\\"?"');
  expect(shown!.content).toContain('Other group 1:\n- "block my pin"');
  expect(shown!.content).toContain('choose a different one: "Card"');
  expect((shown!.content as string).length).toBeLessThan(600);
});

test('names that read the same clash; who comes first keeps it', () => {
  expect(nameKey(' Lost-Card! ')).toBe(nameKey('lost card'));
  expect(clashing(['Lost card', null, 'lost CARD.', 'Top up', 'Pin'], new Set([nameKey('pin')]))).toEqual([2, 4]);
});

test('a clash ends in a keyword, at last in a number, within six words', () => {
  const taken = new Set(['lost card', 'lost card abroad'].map(nameKey));
  expect(uniqueName('Top up', ['money'], taken)).toBe('Top up');
  expect(uniqueName('Lost card', ['card', 'abroad', 'stolen'], taken)).toBe('Lost card (stolen)');
  expect(uniqueName('Lost card', [], taken)).toBe('Lost card 2');
  expect(uniqueName('Lost card', ['card', 'top up'], taken)).toBe('Lost card (top up)');
  const long = 'one two three four five six';
  expect(uniqueName(long, ['seven'], new Set([nameKey(long)]))).toBe('one two three four five (seven)');
  expect(keywordName(['a', 'b', 'c', 'd'])).toBe('a, b, c');
  expect(keywordName([])).toBe('group');
});
