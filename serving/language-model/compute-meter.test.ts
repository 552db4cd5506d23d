import { expect, test } from 'vitest';
import { createComputeMeter } from './compute-meter.ts';

function clocked(cores: number) {
  let now = 0;
  const meter = createComputeMeter(
    () => cores,
    () => now,
  );
  return { meter, pass: (ms: number) => void (now += ms) };
}

test('alone a call costs the time of the cores that it uses', () => {
  const { meter, pass } = clocked(4);
  const end = meter.begin(2);
  pass(10);
  expect(end()).toBe(20);
  pass(5);
  expect(meter.total()).toBe(20);
});

test('together calls cost what the cores did, in shares of the time that they were there', () => {
  const { meter, pass } = clocked(2);
  const first = meter.begin(2);
  pass(10);
  const second = meter.begin(2);
  pass(10);
  expect(first()).toBe(20 + 10);
  pass(10);
  expect(second()).toBe(10 + 20);
  // Two cores for thirty milliseconds.
  expect(meter.total()).toBe(60);
});

test('calls of one core use both cores before they share; a call ends once', () => {
  const { meter, pass } = clocked(2);
  const ends = [meter.begin(1), meter.begin(1)];
  pass(8);
  expect(ends.map((end) => end())).toEqual([8, 8]);
  expect(ends[0]!()).toBe(8);
  expect(meter.total()).toBe(16);
});
