import { randomUUID } from 'node:crypto';
import { isStillhouseError } from '../../contracts/errors.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';

/**
 * A number for this attempt at a training that no other has, whichever worker or run it is: claimed by an exclusive put.
 * Temporal's own numbers begin again with a new run, and names of checkpoints must not meet.
 */
export async function claimAttempt(artifacts: ArtifactStore, training: string): Promise<number> {
  const mine = Buffer.from(JSON.stringify({ claimedBy: randomUUID() }));
  const prefix = `${training}/attempts/`;
  for (let attempt = (await artifacts.list(prefix)).length + 1; ; attempt++) {
    try {
      await artifacts.put(`${prefix}${String(attempt).padStart(6, '0')}.json`, mine);
      return attempt;
    } catch (error) {
      if (!isStillhouseError(error, 'conflict')) throw error;
    }
  }
}
