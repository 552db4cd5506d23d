import type { Logger } from '../../platform/logger.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { isStillhouseError } from '../../contracts/errors.ts';
import type { ArtifactRef } from '../../contracts/identifiers.ts';

/** What the encoder's stages work with. */
export interface EncoderDeps {
  artifacts: ArtifactStore;
  /** `STILLHOUSE_EMBEDDER`. */
  embedderFolder: string;
  log: Logger;
  /** Cores to use; default: all. */
  threads?: number;
}

/** How a stage says that it moves, and hears that it should end; an activity's heartbeat, or nothing in a bench. */
export interface StagePulse {
  signal: AbortSignal;
  progress(details?: Record<string, number | string>): void;
}

/** Publishes a stage's result as JSON. Another attempt's that is there already stands: the inputs were the same. */
export async function publishOnce(artifacts: ArtifactStore, key: string, value: unknown): Promise<ArtifactRef> {
  try {
    return await artifacts.put(key, Buffer.from(JSON.stringify(value)));
  } catch (error) {
    const there = isStillhouseError(error, 'conflict') ? await artifacts.find(key) : null;
    if (there) return there;
    throw error;
  }
}
