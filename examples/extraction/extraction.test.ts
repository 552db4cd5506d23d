import { expect, test } from 'vitest';
import { fieldF1 } from '../../core/candidates/field-agreement.ts';
import { extractionMessages } from './messages.ts';
import { amountOf, answerOf, isoOf } from './order.ts';
import { simulatedTeacher } from './teacher.ts';
import { VALUES } from './values.ts';
import { WORDINGS } from './wordings.ts';

test('a seed gives the same messages, another seed others', () => {
  const drawn = (seed: number) => extractionMessages(20, seed, { values: 'seen', wordings: 'seen' });
  expect(drawn(1)).toEqual(drawn(1));
  expect(drawn(2).map(({ text }) => text)).not.toEqual(drawn(1).map(({ text }) => text));
});

test('everything that the gold answer holds stands in the message', () => {
  for (const { text, order } of extractionMessages(200, 3, { values: 'unseen', wordings: 'unseen' })) {
    expect(text).toContain(order.customer);
    expect(text).toContain(amountOf(order.totalCents));
    for (const { name, cents, extras } of order.items) for (const part of [name, amountOf(cents), ...extras]) expect(text).toContain(part);
    expect(text).toContain(String(order.date.year));
    expect(JSON.parse(answerOf(order))).toMatchObject({ kind: order.kind, date: isoOf(order.date), total: order.totalCents / 100 });
  }
});

test('no value and no wording is in both halves, and they are used', () => {
  for (const { seen, unseen } of Object.values(VALUES)) {
    const known = new Set<string | number>(seen);
    for (const value of unseen) expect(known.has(value)).toBe(false);
  }
  const phrases = ({ customer, date, items, total, item }: (typeof WORDINGS)['seen']) =>
    [customer, date].flatMap((byKind) => Object.values(byKind).flat()).concat(items, total, item);
  const known = new Set(phrases(WORDINGS.seen));
  for (const phrase of phrases(WORDINGS.unseen)) expect(known.has(phrase)).toBe(false);
  const [message] = extractionMessages(1, 4, { values: 'unseen', wordings: 'seen' });
  expect(VALUES.goods.unseen).toContain(message!.order.items[0]!.name);
  expect(VALUES.years.unseen).toContain(message!.order.date.year);
});

test('the simulated teacher errs in grades, and in some messages always in the same way', () => {
  const teach = simulatedTeacher(4, 5);
  const rows = extractionMessages(400, 5, { values: 'seen', wordings: 'seen' }).map((message) => {
    const gold = answerOf(message.order);
    return teach(message).map((answer) => ({ answer, f1: fieldF1(answer, gold) }));
  });
  const calls = rows.flat();
  const exact = calls.filter(({ f1 }) => f1 === 1).length / calls.length;
  expect(exact).toBeGreaterThan(0.35);
  expect(exact).toBeLessThan(0.6);
  expect(Math.min(...calls.map(({ f1 }) => f1))).toBeGreaterThan(0);
  expect(rows.filter((samples) => new Set(samples.map(({ answer }) => answer)).size > 1).length).toBeGreaterThan(300);
  // By chance alone all four of a row go wrong in 0.55⁴ = 9 % of the rows; the systematic share comes on top.
  const never = rows.filter((samples) => samples.every(({ f1 }) => f1 < 1)).length / rows.length;
  expect(never).toBeGreaterThan(0.09);
  expect(never).toBeLessThan(0.25);
});
