import { setImmediate as yieldToEvents } from 'node:timers/promises';
import type { Matrix } from '../../core/learning/matrix.ts';
import { isStillhouseError } from '../../contracts/errors.ts';
import { contentHash } from '../../platform/content-hash.ts';
import type { EmbedderPool } from '../../serving/embedder-pool.ts';
import { floatBytes, floats } from '../../serving/encoder-student.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import type { StagePulse } from './encoder-deps.ts';

/** Texts an artifact: about a second of work, which is what a kill can cost. */
const CHUNK = 512;
/** Rows copied between two looks at other work: about a millisecond. */
const YIELD_EVERY = 1_024;

/** Vectors of texts, each text once. */
export interface EmbeddedTexts {
  /** A row a text, in the order given. */
  rowsOf(texts: readonly string[]): Promise<Matrix>;
  /** Removes what was kept for a second attempt. */
  forget(): Promise<void>;
}

/**
 * Embeds texts and keeps the vectors in the artifact store by portions, so that a stage that was killed goes on where it
 * was. Equal sets of texts have equal portions: the texts are sorted.
 */
export async function embedTexts(
  artifacts: ArtifactStore,
  pool: EmbedderPool,
  texts: readonly string[],
  pulse: StagePulse,
): Promise<EmbeddedTexts> {
  const unique = [...new Set(texts)].sort();
  const { dimensions, sha256 } = pool.info;
  const vectors = new Float32Array(unique.length * dimensions);
  const keys: string[] = [];
  for (let from = 0; from < unique.length; from += CHUNK) {
    pulse.signal.throwIfAborted();
    const chunk = unique.slice(from, from + CHUNK);
    const key = `embeddings/${sha256.slice(0, 16)}/${contentHash(chunk)}.f32`;
    keys.push(key);
    const known = await kept(artifacts, key, chunk.length, dimensions);
    const matrix = known ?? (await pool.embed(chunk, pulse.signal));
    if (!known) await artifacts.put(key, floatBytes(matrix.data));
    vectors.set(matrix.data, from * dimensions);
    pulse.progress({ step: 'embed', done: Math.min(unique.length, from + CHUNK), total: unique.length });
  }
  const places = new Map(unique.map((text, place) => [text, place]));
  return {
    rowsOf: async (wanted) => {
      const out: Matrix = { rows: wanted.length, columns: dimensions, data: new Float32Array(wanted.length * dimensions) };
      for (const [i, text] of wanted.entries()) {
        const at = places.get(text)! * dimensions;
        out.data.set(vectors.subarray(at, at + dimensions), i * dimensions);
        if (i % YIELD_EVERY === YIELD_EVERY - 1) await yieldToEvents();
      }
      return out;
    },
    forget: async () => {
      for (const key of keys) await artifacts.delete(key);
    },
  };
}

async function kept(artifacts: ArtifactStore, key: string, rows: number, columns: number): Promise<Matrix | null> {
  const ref = await artifacts.find(key);
  if (!ref) return null;
  try {
    return await floats(artifacts, ref, rows, columns);
  } catch (error) {
    // Another run that had the same texts has finished and removed them.
    if (isStillhouseError(error, 'artifact_missing')) return null;
    throw error;
  }
}
