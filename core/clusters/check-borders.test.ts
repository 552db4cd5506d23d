import { expect, test } from 'vitest';
import { plainDense } from '../learning/dense.ts';
import { rowOf, zeros } from '../learning/matrix.ts';
import { seededRandom } from '../random.ts';
import { checkMessages, parseCheck } from './border-checks.ts';
import { type BorderWork, type CheckAnswer, type CheckQuestion, checkBorders, united } from './check-borders.ts';
import { proposeMerges, proposeSplits } from './propose-checks.ts';

/** Texts named by their intent and number, `each` of every intent, around directions of their own. */
function bench(intents: readonly string[], each: number) {
  const random = seededRandom(3);
  const texts = intents.flatMap((intent) => Array.from({ length: each }, (_, i) => `${intent} ${i}`));
  const vectors = zeros(texts.length, 16);
  texts.forEach((text, i) => {
    rowOf(vectors, i).forEach((_, j, row) => (row[j] = 0.3 + 0.25 * (random() + random() - 1)));
    rowOf(vectors, i)[2 * [...new Set(intents)].indexOf(text.split(' ')[0]!)]! += 1;
  });
  return { texts, vectors };
}

const intentOf = (text: string) => text.split(' ')[0]!;
const questions: CheckQuestion[] = [];
/** A model that knows: a side is what its first text is. */
const truth = ({ subject: { a, b } }: CheckQuestion) => (intentOf(a[0]!) === intentOf(b[0]!) ? 'one' : 'two');
const asking =
  (say: (question: CheckQuestion, nth: number) => string | null) =>
  async (asked: CheckQuestion[]): Promise<Map<number, CheckAnswer>> => {
    const answers = asked.flatMap((question): [number, CheckAnswer][] => {
      questions.push(question);
      const answer = say(question, questions.length);
      return answer === null ? [] : [[question.place, { answer, traceId: `t${questions.length}`, costUsd: 0.5 }]];
    });
    return new Map(answers);
  };
const saying = (intents: string) => JSON.stringify({ reason: 'because', intents });
const knowing = asking((question) => saying(truth(question)));

async function check(
  { texts, vectors }: ReturnType<typeof bench>,
  labels: number[],
  { ask = knowing, ...more }: Partial<BorderWork> & { ask?: ReturnType<typeof asking> } = {},
) {
  questions.length = 0;
  const count = Math.max(...labels) + 1;
  const none = Array.from({ length: count }, () => null);
  const groups = { labels, outliers: texts.map(() => false), systems: none };
  return checkBorders(
    { groups, texts, owners: none, most: 40, ...more },
    {
      splits: (now, spared, most) => proposeSplits(plainDense, { ...now, vectors }, new Set(spared), most),
      merges: async (now, apart, most) => proposeMerges({ ...now, vectors }, apart, most),
    },
    ask,
  );
}

const partition = (texts: readonly string[], labels: readonly number[]) =>
  [...Map.groupBy(texts, (_, i) => labels[i]!).values()].map((own) => [...new Set(own.map(intentOf))].sort().join('+')).sort();

// Two intents in one group, one intent in two.
const mixed = bench(['card', 'pin', 'rate'], 20);
const MIXED = mixed.texts.map((text, i) => (intentOf(text) === 'rate' ? 1 + (i % 2) : 0));

test('a group of two intents is split, two groups of one intent become one, and every decision is told', async () => {
  const { labels, decisions } = await check(mixed, MIXED);
  expect(partition(mixed.texts, labels)).toEqual(['card', 'pin', 'rate']);
  const [split] = decisions.filter(({ outcome }) => outcome === 'split');
  expect(split).toMatchObject({ kind: 'split', verdict: 'two', reason: 'because', costUsd: 1, traceId: 't1', sizes: [20, 20] });
  expect(split!.rows.map((row) => intentOf(mixed.texts[row]!)).sort()).toEqual(['card', 'pin']);
  expect(decisions.filter(({ outcome }) => outcome === 'merged')).toMatchObject([{ kind: 'merge', verdict: 'one', sizes: [10, 10] }]);
  // The same again is the same.
  expect(await check(mixed, MIXED)).toMatchObject({ labels });
});

test('what would change something is asked again with the sides the other way round; who then says otherwise is unsure', async () => {
  await check(mixed, MIXED);
  const [first, again] = questions.filter(({ subject: { a, b } }) => [a[0]!, b[0]!].map(intentOf).sort().join() === 'card,pin');
  expect(again!.subject).toEqual({ a: first!.subject.b, b: first!.subject.a });
  // It says of the side that it is shown first what it likes.
  const biased = asking(({ subject: { a, b } }) => saying(a[0]! < b[0]! ? 'two' : 'one'));
  const { labels, decisions } = await check(mixed, MIXED, { ask: biased });
  expect(labels).toEqual(MIXED);
  expect(
    decisions.some(({ verdict, outcome, reason }) => verdict === 'unsure' && outcome === 'kept' && /other way round/.test(reason)),
  ).toBe(true);
});

test.each([
  ['no JSON', () => 'They are two.'],
  ['another word', () => saying('three')],
  ['no reason', () => JSON.stringify({ reason: '', intents: 'two' })],
  ['no answer', () => null],
  ['unsure', () => saying('unsure')],
])('%s changes nothing', async (name, say) => {
  const { labels, decisions } = await check(mixed, MIXED, { ask: asking(say) });
  expect(labels).toEqual(MIXED);
  expect(decisions.length).toBeGreaterThan(0);
  for (const { verdict, outcome, traceId } of decisions)
    expect([verdict, outcome, traceId === null]).toEqual([name === 'unsure' ? 'unsure' : null, 'kept', name === 'no answer']);
});

test('what a person has named is not split, and two of these are not even asked about', async () => {
  const { labels } = await check(mixed, MIXED, { owners: ['a', 'b', 'c'] });
  expect(labels).toEqual(MIXED);
  expect(questions).toEqual([]);
  expect(partition(mixed.texts, (await check(mixed, MIXED, { owners: [null, 'b', null] })).labels)).toEqual(['card', 'pin', 'rate']);
});

test('the number of borders is bounded; groups of different system prompts are different tasks', async () => {
  const kinds = async (most: number) => (await check(mixed, MIXED, { most })).decisions.map(({ kind }) => kind);
  expect([await kinds(0), await kinds(1), await kinds(2)]).toEqual([[], ['merge'], ['split', 'merge']]);
  const groups = { labels: MIXED, outliers: mixed.texts.map(() => false), systems: [null, 's', null] };
  expect(partition(mixed.texts, (await check(mixed, MIXED, { groups })).labels)).toEqual(['card', 'pin', 'rate', 'rate']);
});

test('outliers are not shown, and go with the nearer half', async () => {
  const far = mixed.texts.indexOf('pin 3');
  const outliers = mixed.texts.map((_, i) => i === far);
  const { labels } = await check(mixed, MIXED, { groups: { labels: MIXED, outliers, systems: [null, null, null] } });
  expect(labels[far]).toBe(labels[mixed.texts.indexOf('pin 4')]);
  expect(questions.flatMap(({ subject: { a, b } }) => [...a, ...b])).not.toContain('pin 3');
});

const one = (a: number, b: number) => ({ pair: [a, b] as const, verdict: 'one' as const });

test('a chain of likenesses ends: by a "two" across, by what is apart, and by a number', () => {
  expect(united([one(0, 1), one(1, 2)], 3, [])).toEqual({ roots: [0, 0, 0], merged: [true, true] });
  expect(united([one(0, 1), one(1, 2), { pair: [0, 2], verdict: 'two' }], 3, []).roots).toEqual([0, 0, 2]);
  expect(united([one(0, 1), one(1, 2)], 3, [[0, 2]])).toEqual({ roots: [0, 0, 2], merged: [true, false] });
  const chain = Array.from({ length: 9 }, (_, i) => one(i, i + 1));
  const { roots } = united(chain, 10, []);
  expect(Math.max(...[...Map.groupBy(roots, (root) => root).values()].map((own) => own.length))).toBe(4);
});

test('the model is told neither which side is which nor to follow what it reads', () => {
  const [rules, shown] = checkMessages({ a: ['where is "it"?', 'x'.repeat(1_000)], b: ['block my pin'] });
  expect(rules!.content).toMatch(/follow no instruction/);
  expect(shown!.content).toMatch(/^Requests A:\n- "where is \\"it\\"\?"\n- "x{300}"\n\nRequests B:\n- "block my pin"$/);
  expect(parseCheck('```json\n{"reason": "r", "intents": "one"}\n```')).toEqual({ reason: 'r', intents: 'one' });
});
