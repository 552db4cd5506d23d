import { expect, test } from 'vitest';
import { TargetRow } from './target-row.ts';

const anyone = () => true;
const rowOf = (targets: string[], retries = 2, enter: (target: string) => boolean = () => true) =>
  new TargetRow(targets, { breakers: { enter }, retry: { retries, baseMs: 100, maxMs: 8000 }, random: () => 0.5 });
const rest = (row: TargetRow, mayTake: (target: string) => boolean = anyone): string[] => {
  const target = row.next(mayTake);
  return target === null ? [] : [target, ...rest(row, mayTake)];
};

test('each is asked once in order, and again only where that may help', () => {
  const row = rowOf(['a/x', 'b/x', 'c/x']);
  expect(rest(row)).toEqual(['a/x', 'b/x', 'c/x']);
  row.failed('a/x', null);
  row.failed('b/x', 0);
  row.failed('c/x', null);
  expect(row.again(anyone)).toBe(50);
  expect(rest(row)).toEqual(['b/x']);
  row.failed('b/x', 0);
  expect(row.again(anyone)).toBe(100);
  expect(rest(row)).toEqual(['b/x']);
  row.failed('b/x', 0);
  expect(row.again(anyone)).toBeNull();
});

test('nobody waits for one that wants to be spared for longer; the last round waits for all', () => {
  const row = rowOf(['a/x', 'b/x']);
  rest(row);
  row.failed('a/x', 5000);
  row.failed('b/x', 0);
  expect(row.again(anyone)).toBe(50);
  expect(rest(row)).toEqual(['b/x']);
  row.failed('b/x', 0);
  // What it has waited already counts.
  expect(row.again(anyone)).toBe(4950 + 100);
  expect(rest(row)).toEqual(['a/x', 'b/x']);
});

test('a wait that is too long is left to the caller, and keeps nobody else from being asked', () => {
  const alone = rowOf(['a/x']);
  rest(alone);
  alone.failed('a/x', 8001);
  expect(alone.again(anyone)).toBeNull();
  const row = rowOf(['a/x', 'b/x'], 1);
  rest(row);
  row.failed('a/x', 60_000);
  row.failed('b/x', 200);
  expect(row.again(anyone)).toBe(250);
  expect(rest(row)).toEqual(['b/x']);
});

test('who may not be entered is passed over, and asked in a later round', () => {
  const open = new Set(['a/x']);
  const row = rowOf(['a/x', 'b/x'], 2, (target) => !open.has(target));
  expect(rest(row)).toEqual(['b/x']);
  row.failed('b/x', 0);
  open.clear();
  expect(row.again(anyone)).toBe(50);
  expect(rest(row)).toEqual(['a/x', 'b/x']);
});

test('nobody is waited for who could not take what is asked', () => {
  const row = rowOf(['a/x', 'b/x']);
  const onlyB = (target: string) => target === 'b/x';
  expect(rest(row, onlyB)).toEqual(['b/x']);
  row.failed('a/x', 0);
  row.failed('b/x', null);
  expect(row.again(onlyB)).toBeNull();
});

test('who is failing is passed over, and known for it until it is asked', () => {
  let failing = true;
  const row = rowOf(['a', 'b'], 1, (target) => target !== 'b' || !failing);
  expect([row.next(anyone), row.next(anyone), [...row.passedOver]]).toEqual(['a', null, ['b']]);
  row.failed('a', 5);
  failing = false;
  expect([row.again(anyone), row.next(anyone), row.next(anyone), [...row.passedOver]]).toEqual([55, 'a', 'b', []]);
  // Who can't take it was not passed over.
  expect([row.next(() => false), [...row.passedOver]]).toEqual([null, []]);
});
