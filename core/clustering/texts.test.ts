import { describe, expect, test } from 'vitest';
import { collapseSkeletons, intentText } from './intent-text.ts';
import { clusterKeywords } from './keywords.ts';
import { headAndTail, skeletonOf } from './skeleton.ts';
import { looksLikeOneTask } from './task-shape.ts';

describe('skeletons', () => {
  test.each([
    ['Order 4411 of John Smith is late', 'Order 17 of Maria Müller is late'],
    ['Summarise "my card is lost" in a line', 'Summarise “the exchange rate is wrong” in a line'],
    ['What happened on 2024-05-01?', 'What happened on 12 March 2025?'],
    ['call me at 10:30', 'call me at 23:59'],
    ['Refund €12.50 to bob@example.com', 'Refund $3 to a.b@mail.example.org'],
    ['status of AB-4411-x9', 'status of 9f8e7d6c-1234-4abc-8def-001122334455'],
    ['Fix this: ```\nlet a = 1\n``` please', 'Fix this: ```\nprint(2)\n``` please'],
    ['read https://a.example/x?y=1 for me', 'read www.b.example for me'],
    ['Where is\nmy CARD?', ' where is my card? '],
  ])('%s', (one, other) => {
    expect(skeletonOf(one)).toBe(skeletonOf(other));
  });

  test.each([
    ['Where is my card?', 'Where is my money?'],
    ["Don't use the dog's bowl", "Don't use the cat's bowl"],
    ['Wo ist meine Karte?', 'Wo ist meine Rechnung?'],
    ['How To Block My Card', 'How To Order My Cash'],
    ['I lost my PIN', 'I lost my ATM'],
    ['Card payment failed', 'Transfer payment failed'],
  ])('%s is not %s', (one, other) => {
    expect(skeletonOf(one)).not.toBe(skeletonOf(other));
  });

  test('hostile texts take no time to speak of', () => {
    for (const text of ['-_'.repeat(50_000), '1'.repeat(100_000), '"'.repeat(100_000), 'a1-'.repeat(50_000), 'A b'.repeat(40_000)]) {
      expect(skeletonOf(text).length).toBeLessThan(20_000);
    }
  });
});

test('what is wanted: the last user message with the identity of the system prompt', () => {
  const system = { role: 'system', content: 'You answer customers of a bank. Today is 2025-01-02.' };
  const asked = intentText([
    system,
    { role: 'user', content: 'hi' },
    { role: 'assistant', content: 'yes?' },
    { role: 'user', content: ' Where is my card? ' },
  ]);
  expect(asked.text).toBe('Where is my card?');
  const nextDay = { ...system, content: 'You answer customers of a bank. Today is 2025-01-03.' };
  expect(intentText([nextDay, { role: 'user', content: 'where is my card?' }])).toMatchObject({
    system: asked.system,
    skeleton: asked.skeleton,
  });
  const other = intentText([
    { role: 'developer', content: 'You write poems.' },
    { role: 'user', content: 'Where is my card?' },
  ]);
  expect(other.system).not.toBe(asked.system);
  expect(other.skeleton).not.toBe(asked.skeleton);
  expect(intentText([{ role: 'user', content: [{ type: 'image_url' }] }])).toMatchObject({ text: '', system: '' });
  const long = intentText([{ role: 'user', content: `Summarise this: ${'word '.repeat(5000)} In one line, please.` }]).text;
  expect(long.length).toBeLessThanOrEqual(600);
  expect(long).toMatch(/^Summarise this: word.* … .*In one line, please\.$/u);
  expect(headAndTail('short', 100)).toBe('short');
  // A cut leaves no half of a character.
  for (const filler of ['', 'a']) expect(headAndTail(filler + '🙂'.repeat(100), 50).isWellFormed()).toBe(true);
});

test('calls with the same skeleton become one that weighs as much', () => {
  const { representatives, weights, places } = collapseSkeletons(['a', 'b', 'a', 'c', 'b', 'a']);
  expect([representatives, weights, [...places]]).toEqual([
    [0, 1, 3],
    [3, 2, 1],
    [0, 1, 0, 2, 1, 0],
  ]);
});

test('keywords are what the others do not say', () => {
  const keywords = clusterKeywords([
    ['Where is my new card?', 'My new card has not arrived', 'When will the new card arrive?'],
    ['What is the exchange rate?', 'Is the exchange rate fixed?', 'The exchange rate for euros'],
    ['', '123', 'the of and'],
  ]);
  expect(keywords[0]![0]!.word).toBe('card');
  expect(keywords[1]!.slice(0, 2).map(({ word }) => word)).toContain('exchange');
  expect(keywords[2]).toEqual([]);
  // What all say is said most and names nothing.
  const common = clusterKeywords([
    ['card blocked', 'card blocked', 'card', 'card'],
    ['card stolen', 'card stolen', 'card', 'card'],
    ['card expired', 'card expired', 'card', 'card'],
  ]);
  expect(common.map((own) => own[0]!.word.split(' ').at(-1))).toEqual(['blocked', 'stolen', 'expired']);
  for (const own of keywords) expect(own.map(({ weight }) => weight)).toEqual(own.map(({ weight }) => weight).sort((a, b) => b - a));
});

describe('the shape of answers', () => {
  const many = (count: number, answer: (i: number) => string) => Array.from({ length: count }, (_, i) => answer(i));

  test('a few labels', () => {
    const shape = looksLikeOneTask(many(60, (i) => ['card_arrival', 'pin_blocked', 'card_arrival'][i % 3]!));
    expect(shape).toMatchObject({
      kind: 'label',
      oneTask: true,
      share: 1,
      labels: ['card_arrival', 'pin_blocked'],
      student: { name: 'encoder' },
    });
  });

  test('JSON with the same fields, and with others', () => {
    const same = looksLikeOneTask(many(30, (i) => JSON.stringify({ name: `n${i}`, age: i })));
    expect(same).toMatchObject({ kind: 'json', oneTask: true, fields: ['name', 'age'] });
    expect(same!.student.parameters).toBeGreaterThanOrEqual(0.95e9);
    const fenced = looksLikeOneTask(many(30, (i) => `\`\`\`json\n{"a": ${i}}\n\`\`\``));
    expect(fenced).toMatchObject({ kind: 'json', oneTask: true });
    const different = looksLikeOneTask(many(30, (i) => JSON.stringify({ [`field${i % 7}`]: i })));
    expect(different).toMatchObject({ kind: 'json', oneTask: false });
    expect(different!.reason).toMatch(/different fields/);
  });

  test('short texts, long ones, a mix, none', () => {
    expect(looksLikeOneTask(many(20, (i) => `Dear customer ${i}, your card is on its way.`))).toMatchObject({
      kind: 'text',
      oneTask: true,
    });
    const long = looksLikeOneTask(many(20, (i) => `${i} ${'a long story '.repeat(200)}`));
    expect(long).toMatchObject({ kind: 'long', oneTask: true });
    expect(long!.student.parameters).toBeGreaterThanOrEqual(7.9e9);
    const mixed = looksLikeOneTask([...many(10, (i) => `short ${i}`), ...many(6, (i) => `${i} ${'long '.repeat(400)}`)]);
    expect(mixed).toMatchObject({ kind: 'text', oneTask: false, reason: '63 % of the answers are short texts, the rest is not' });
    expect(looksLikeOneTask(['', ' '])).toBeNull();
    // Ten different short answers are no closed set.
    expect(looksLikeOneTask(many(10, (i) => `answer ${i}`))!.kind).toBe('text');
  });
});
