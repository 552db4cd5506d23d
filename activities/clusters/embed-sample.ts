import { availableParallelism } from 'node:os';
import type { EmbedderIdentity } from '../../contracts/clusters.ts';
import { createEmbedderPool } from '../../serving/embedder-pool.ts';
import { type EmbeddedTexts, embedTexts } from '../encoder/embed-texts.ts';
import type { EncoderDeps, StagePulse } from '../encoder/encoder-deps.ts';
import { type ClusterPlan, workFolder } from './cluster-plan.ts';
import { type Sampled, readSample } from './sample.ts';
import { type MatrixRef, onceInRun, putMatrix } from './work-files.ts';

/** Vectors of the sample by reference, and what made them. */
export interface EmbeddedSample {
  vectors: MatrixRef;
  embedder: EmbedderIdentity;
}

/** Embeds the sample's texts, going on where an attempt before was. */
export async function embedSample(deps: EncoderDeps, plan: ClusterPlan, sample: Sampled, pulse: StagePulse): Promise<EmbeddedSample> {
  const { artifacts } = deps;
  const folder = workFolder(plan);
  let portions: EmbeddedTexts | null = null;
  const { value } = await onceInRun<EmbeddedSample>(artifacts, `${folder}/embedded.json`, async () => {
    const texts = (await readSample(artifacts, sample)).map(({ text }) => text);
    const pool = createEmbedderPool({
      embedderFolder: deps.embedderFolder,
      threads: deps.threads ?? availableParallelism(),
      log: deps.log,
    });
    try {
      portions = await embedTexts(artifacts, pool, texts, pulse);
      const { name, sha256, dimensions } = pool.info;
      const vectors = await putMatrix(artifacts, `${folder}/vectors`, portions.rowsOf(texts));
      return { vectors, embedder: { name, sha256, dimensions } };
    } finally {
      await pool.close();
    }
  });
  // Only now: what is published is not embedded again.
  await (portions as EmbeddedTexts | null)?.forget();
  return value;
}
