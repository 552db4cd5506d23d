import { assert, property, array, record, boolean, nat } from 'fast-check';
import { expect, test } from 'vitest';
import { StartedCalls } from './started-calls.ts';
import { traceId } from './trace-id.ts';

test('it holds what a Map would, whatever comes and goes, collisions and growth included', () => {
  // Few different last letters: most of them want the same slots.
  const ids = Array.from({ length: 700 }, (_, i) => `${traceId(i).slice(0, 28)}${(i % 40).toString(16).padStart(8, '0')}`);
  const step = record({ id: nat(ids.length - 1), begins: boolean() });
  assert(
    property(array(step, { maxLength: 2000, size: 'max' }), (steps) => {
      const [started, map] = [new StartedCalls(), new Map<string, string>()];
      steps.forEach(({ id, begins }, at) => {
        for (const all of [started, map]) {
          if (begins) all.set(ids[id]!, `line ${at}`);
          else all.delete(ids[id]!);
        }
      });
      expect(started.size).toBe(map.size);
      expect(started.lines().sort()).toEqual([...map.values()].sort());
      for (const id of map.keys()) started.delete(id);
      expect([started.size, started.lines()]).toEqual([0, []]);
    }),
    { numRuns: 50 },
  );
});
