import type { EmbedderIdentity } from '../../contracts/clusters.ts';
import { calibratedCohesion } from '../../core/clustering/cluster-options.ts';
import { type EmbeddedTexts, embedTexts } from '../encoder/embed-texts.ts';
import type { EncoderDeps, StagePulse } from '../encoder/encoder-deps.ts';
import { type ClusterPlan, workFolder } from './cluster-plan.ts';
import { type IntentEmbedderSetting, openIntentEmbedder } from './intent-embedder.ts';
import { type Sampled, readSample } from './sample.ts';
import { type MatrixRef, onceInRun, putMatrix } from './work-files.ts';

/** Vectors of the sample by reference, and what made them. */
export interface EmbeddedSample {
  vectors: MatrixRef;
  embedder: EmbedderIdentity;
  /** Of clusters of its vectors, where it was calibrated. */
  cohesion: number | 'relative';
}

/** Embeds the sample's texts, going on where an attempt before was. */
export async function embedSample(
  deps: EncoderDeps & IntentEmbedderSetting,
  plan: ClusterPlan,
  sample: Sampled,
  pulse: StagePulse,
): Promise<EmbeddedSample> {
  const { artifacts } = deps;
  const folder = workFolder(plan);
  let portions: EmbeddedTexts | null = null;
  const { value } = await onceInRun<EmbeddedSample>(artifacts, `${folder}/embedded.json`, async () => {
    const texts = (await readSample(artifacts, sample)).map(({ text }) => text);
    const pool = await openIntentEmbedder(deps, plan.run.project, pulse.signal);
    try {
      portions = await embedTexts(artifacts, pool, texts, pulse);
      const { name, sha256, dimensions } = pool.info;
      const vectors = await putMatrix(artifacts, `${folder}/vectors`, await portions.rowsOf(texts));
      return { vectors, embedder: { name, sha256, dimensions }, cohesion: calibratedCohesion(pool.info) };
    } finally {
      await pool.close();
    }
  });
  // Only now: what is published is not embedded again.
  await (portions as EmbeddedTexts | null)?.forget();
  return value;
}
