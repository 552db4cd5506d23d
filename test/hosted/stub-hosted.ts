import type { HostedActivities } from '../../activities/hosted/hosted-activities.ts';
import type { PolledTuningJob } from '../../contracts/hosted.ts';
import { stubEvaluation } from '../support/stub-activities.ts';

const SHA = 'c'.repeat(64);

/** Steps of a hosted student that answer at once; its job stands as `looks` says, the last for ever. */
export function stubHosted(looks: Partial<PolledTuningJob>[]): HostedActivities & { warmStudent: () => Promise<object> } {
  let looked = 0;
  const file = { fileId: 'file-1', sha256: SHA, bytes: 900, rows: 12 };
  return {
    checkTuning: async ({ input }) => ({
      provider: 'tuner',
      model: 'small-1',
      price: { trainingUsdPerMTok: 1.5, inputUsdPerMTok: 0.2, outputUsdPerMTok: 0.8 },
      settings: { epochs: 3, batchRows: null, seed: input.seed },
      trainingUsd: 1,
      evaluationUsd: 0.1,
    }),
    uploadTuningFiles: async () => ({ training: file, validation: null }),
    startTuningJob: async () => ({ jobId: 'ftjob-1', isOwn: true }),
    pollTuningJob: async () => ({
      status: 'running',
      error: null,
      tunedModel: null,
      trainedTokens: null,
      step: null,
      totalSteps: null,
      messages: [],
      newest: null,
      ...looks[Math.min(looked++, looks.length - 1)],
    }),
    cancelTuningJob: async () => ({ jobId: 'ftjob-1', status: 'cancelled', trainedTokens: null }),
    publishHosted: async () => ({ key: 'students/default/tuned.json', sha256: SHA, bytes: 1 }),
    evaluateHosted: async () => ({ evaluation: stubEvaluation('not_worse') }),
    warmStudent: async () => ({ waitedMs: 1, costUsd: 0.001 }),
  };
}
