import type { GenerateInput, GenerateResult } from '../../activities/generate-candidates.ts';
import type { RunPlan } from '../../activities/distil/run-plan.ts';
import type { Distillation, DistilInput, DistillationEvent, Evaluation } from '../../contracts/distil.ts';
import type { ArtifactRef } from '../../contracts/identifiers.ts';

const SHA = 'a'.repeat(64);
const artifact = (key: string): ArtifactRef => ({ key, sha256: SHA, bytes: 1 });

/** Activities of `distil` that answer at once, and what they were asked. */
export interface StubDistil {
  activities: Record<string, (...args: never[]) => Promise<unknown>>;
  cuda: Record<string, () => Promise<unknown>>;
  shards: GenerateInput[];
  recorded: Distillation[];
  events: DistillationEvent[];
}

/** What a test wants otherwise. */
export interface StubOptions {
  rows?: RunPlan['rows'];
  goldTestRows?: number;
  decision?: Evaluation['decision'];
  /** What the plan throws. */
  refusal?: Error;
  generate?: (input: GenerateInput) => Promise<Partial<GenerateResult>>;
}

/** An evaluation with that decision. */
export function stubEvaluation(decision: Evaluation['decision']): Evaluation {
  const side = { accuracy: 0.95, correct: 95, usdPer1k: 1, p50Ms: 1 };
  return {
    n: 100,
    reference: 'gold',
    teacher: side,
    student: side,
    discordant: { teacherOnly: 1, studentOnly: 1 },
    difference: { points: 0, low: -2, high: 2 },
    lowerBoundPoints: -1.5,
    marginPoints: 3,
    mcnemarP: 1,
    decision,
    perLabel: [],
  };
}

export function stubDistil(options: StubOptions = {}): StubDistil {
  const { rows = { train: 600, validation: 150, test: 250 }, goldTestRows = rows.test, decision = 'not_worse' } = options;
  const stub: StubDistil = { activities: {}, cuda: {}, shards: [], recorded: [], events: [] };
  const plan = (input: DistilInput, name: string, runId: string): RunPlan => ({
    run: { project: input.project, distillation: name, runId },
    dataset: { name: input.dataset, version: 1, hash: SHA },
    task: { kind: 'label' },
    labels: ['a', 'b'],
    rows,
    teacher: input.teacher ?? 'lab/teacher',
    price: { inputUsdPerMTok: 1, outputUsdPerMTok: 1 },
    nSamples: input.nSamples,
    keepBest: input.keepBest,
    temperature: input.temperature,
    useGold: input.useGold,
    maxAnswerTokens: 10,
    maxUsd: input.maxUsd,
    reservedUsd: 0,
    goldTestRows,
    usdPerCoreHour: 0.1,
    warnings: [],
  });
  stub.cuda['deviceProbe'] = async () => ({
    kind: 'cpu',
    name: 'stub',
    count: 2,
    memoryBytes: 1,
    freeBytes: 1,
    computeCapability: null,
    note: '',
  });
  stub.activities = {
    nameRun: async () => 'named',
    async planRun({ input, name, runId }: { input: DistilInput; name: string; runId: string }) {
      if (options.refusal) throw options.refusal;
      return plan(input, name, runId);
    },
    async generateCandidates(input: GenerateInput) {
      stub.shards.push(input);
      const given = await options.generate?.(input);
      return {
        rows: input.to - input.from,
        journalled: 3,
        reused: 0,
        lost: 0,
        capReached: false,
        spentUsd: stub.shards.length / 100,
        ...given,
      };
    },
    curate: async () => ({
      curated: artifact('curated.jsonl'),
      labels: ['a', 'b'],
      trainRows: rows.train,
      validationRows: rows.validation,
      unlabelled: 0,
      dropped: {},
      rejectedSamples: {},
      meanAgreement: 0.97,
    }),
    trainEncoder: async () => ({
      trained: artifact('trained.json'),
      validationAccuracy: 0.96,
      trainRows: rows.train,
      unlabelledRows: 0,
      cleanedRows: 0,
      settings: {},
      embedSeconds: 1,
      trainSeconds: 1,
    }),
    cleanLabels: async ({ curated }: { curated: ArtifactRef }) => ({ curated, doubted: 0 }),
    exportEncoder: async () => ({
      manifest: artifact('manifest.json'),
      labels: ['a', 'b'],
      embedderSha256: SHA,
      compared: 64,
      maxDifference: 0,
    }),
    majorityReferences: async () => artifact('references.jsonl'),
    evaluateEncoder: async () => ({ evaluation: stubEvaluation(decision) }),
    registerStudent: async ({ student }: { student: object }) => ({ ...student, version: 1 }),
    moveAlias: async ({ alias, target }: { alias: string; target: string }) => ({
      alias,
      before: 'lab/teacher',
      after: target,
      version: 2,
    }),
    async recordRun({ state, events }: { state: Distillation; events: DistillationEvent[] }) {
      stub.recorded.push(state);
      stub.events.push(...events);
    },
    settleSpend: async () => ({ usd: 0.5, missingTraces: 0 }),
  } as StubDistil['activities'];
  return stub;
}
