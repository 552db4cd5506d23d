import { createHash } from 'node:crypto';

/**
 * Replicas in the order in which a student tries them (rendezvous hashing: Thaler and Ravishankar 1998): always the same
 * one first, so that its adapter is warm there, and when a replica goes only its own students move.
 */
export function replicaOrder<T extends { url: string }>(replicas: readonly T[], studentId: string): T[] {
  const weight = (replica: T) => createHash('sha256').update(`${replica.url}\n${studentId}`).digest('hex');
  return replicas
    .map((replica) => ({ replica, weight: weight(replica) }))
    .toSorted((a, b) => (a.weight < b.weight ? -1 : 1))
    .map(({ replica }) => replica);
}
