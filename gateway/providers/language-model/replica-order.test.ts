import { expect, test } from 'vitest';
import { replicaOrder } from './replica-order.ts';

const replicas = ['a', 'b', 'c'].map((url) => ({ url }));
const students = Array.from({ length: 300 }, (_, i) => `student-${i}`);

test('a student begins at the same replica, and students spread over all', () => {
  const firsts = students.map((id) => replicaOrder(replicas, id)[0]!.url);
  expect(students.map((id) => replicaOrder(replicas.toReversed(), id)[0]!.url)).toEqual(firsts);
  for (const { url } of replicas) expect(firsts.filter((first) => first === url).length).toBeGreaterThan(60);
});

test('where a replica goes only its own students move', () => {
  for (const id of students) {
    const order = replicaOrder(replicas, id).map((one) => one.url);
    const left = replicaOrder(replicas.slice(0, 2), id).map((one) => one.url);
    expect(left).toEqual(order.filter((url) => url !== 'c'));
  }
});
