import type { DistilRequest } from '../../contracts/distil.ts';
import { demoMessages } from '../../examples/banking77/banking77.ts';
import { type DistilBench, LABELS, TEACHER, startDistilBench } from '../support/distil-bench.ts';
import { type MockTuningApi, startMockTuningApi } from './mock-tuning-api.ts';

/** US dollars per million tokens. */
export const TUNING = { trainingUsdPerMTok: 1.5, inputUsdPerMTok: 0.2, outputUsdPerMTok: 0.8 };
export const STUDENT = 'hosted/tuner/small-1';

/** A bench of distillations with a provider that tunes. */
export async function startHostedBench(): Promise<DistilBench & { tuner: MockTuningApi }> {
  const right = new Map(demoMessages('train', LABELS).map(({ text, label }) => [text.trim(), label]));
  const tuner = await startMockTuningApi((prompt) => right.get(prompt) ?? 'unknown');
  const provider = {
    id: 'tuner',
    kind: 'openai-compatible',
    baseUrl: `${tuner.url}/v1`,
    apiKeyEnv: 'TUNER_KEY',
    allowPrivateAddress: true,
    models: [{ id: 'small-1', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.4, tuning: TUNING }, { id: 'unpriced-1' }],
  };
  const bench = await startDistilBench({ providers: [provider], gatewayEnv: { TUNER_KEY: tuner.key } });
  const stop = async () => {
    await bench.stop();
    await tuner.stop();
  };
  return { ...bench, tuner, stop };
}

/** A run with a training of its own: the seed is part of what names a job. */
export function hostedRequest(name: string, seed: number, more: Partial<DistilRequest> = {}) {
  const request = { name, dataset: 'golden', teacher: TEACHER, student: STUDENT, nSamples: 2, keepBest: 1, marginPoints: 10, seed };
  return { ...request, ...more };
}
