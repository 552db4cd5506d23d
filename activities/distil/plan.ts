import type { Dataset } from '../../contracts/datasets.ts';
import type { DistilInput } from '../../contracts/distil.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { answerTokenBound, worstCallUsd } from '../../core/candidates/call-bounds.ts';
import { canDecide, fewestRowsToDecide, rowsToDecide } from '../../core/statistics/decision.ts';
import { distillationName } from '../../platform/content-hash.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import { type DatasetShape, datasetShape } from '../../store/clickhouse/dataset-shape.ts';
import { goldOf, readDataset, readDatasetRows } from '../../store/clickhouse/datasets.ts';
import { type GatewayAccess, teacherPrice } from './gateway-targets.ts';
import type { RunPlan } from './run-plan.ts';

/** Calls in flight at most: what the first batch can cost. */
const FIRST_BATCH = 32;
/** Share of rows on which teacher and student are taken to differ in right or wrong, where nothing is known. */
const USUAL_DISCORDANCE = 0.08;

/** What planning works with. */
export interface PlanDeps {
  clickhouse: ClickHouseClient;
  gateway: GatewayAccess;
  /** US dollars per CPU core and hour. */
  usdPerCoreHour: number;
}

export type PlanActivities = ReturnType<typeof createPlanActivities>;

export function createPlanActivities(deps: PlanDeps) {
  return {
    /** The name of a run that was given none. Safe to retry because it only computes. */
    nameRun: async ({ input }: { input: DistilInput }): Promise<string> => distillationName(input),

    /**
     * Settles what the run works with and refuses what can't succeed, with numbers, before money is spent. Safe to retry
     * because it only reads.
     */
    async planRun({ input, runId, name }: { input: DistilInput; runId: string; name: string }): Promise<RunPlan> {
      const { clickhouse } = deps;
      const dataset = await readyDataset(clickhouse, input);
      if (dataset.task.kind !== 'label' && input.until !== 'curate')
        throw new StillhouseError(
          'dataset_invalid',
          `student: an encoder learns labels, and dataset "${dataset.name}" has the task "${dataset.task.kind}". Use until: "curate" for its training JSONL.`,
          { param: 'student' },
        );
      const shape = await datasetShape(clickhouse, input.project, dataset);
      const teacher = input.teacher ?? shape.answeredBy[0]?.target;
      if (!teacher)
        throw new StillhouseError('invalid_request', "teacher: must be stated, for no model has answered the dataset's rows.", {
          param: 'teacher',
        });
      const price = await teacherPrice(deps.gateway, teacher);
      const labels = dataset.task.kind === 'label' ? (dataset.task.labels ?? Object.keys(dataset.labels).sort()) : [];
      const maxAnswerTokens = answerTokenBound(dataset.task, labels, shape.p99ReferenceBytes);
      const test = input.until === 'curate' ? { goldTestRows: 0, fresh: 0, warnings: [] } : await checkTest(clickhouse, input, dataset);
      const freshUsd = worstCallUsd(price, { in: shape.meanPromptTokens, out: maxAnswerTokens }) * test.fresh * input.nSamples;
      checkCap(input, shape, freshUsd, worstCallUsd(price, { in: shape.mostPromptTokens, out: maxAnswerTokens }));
      return {
        run: { project: input.project, distillation: name, runId },
        dataset: { name: dataset.name, version: dataset.version, hash: dataset.hash },
        task: dataset.task,
        labels,
        rows: dataset.rows,
        teacher,
        price,
        nSamples: input.nSamples,
        keepBest: input.keepBest,
        temperature: input.temperature,
        useGold: input.useGold,
        maxAnswerTokens,
        maxUsd: input.maxUsd,
        reservedUsd: freshUsd,
        goldTestRows: test.goldTestRows,
        usdPerCoreHour: deps.usdPerCoreHour,
        warnings: test.warnings,
      };
    },
  };
}

async function readyDataset(clickhouse: ClickHouseClient, input: DistilInput): Promise<Dataset> {
  const { project, dataset: name, datasetVersion } = input;
  const first = await readDataset(clickhouse, project, name, datasetVersion);
  if (!first) {
    const version = datasetVersion === undefined ? '' : ` version ${datasetVersion}`;
    throw new StillhouseError('not_found', `dataset: there is no dataset "${name}"${version}.`, { param: 'dataset' });
  }
  if (first.status === 'ready') return first;
  for (let version = first.version - 1; datasetVersion === undefined && version >= 1; version--) {
    const earlier = await readDataset(clickhouse, project, name, version);
    if (earlier?.status === 'ready') return earlier;
  }
  const reason = first.status === 'failed' ? `its build failed: ${first.error ?? 'no reason is known'}` : 'it is still being built';
  throw new StillhouseError('conflict', `dataset: "${name}" can't be used: ${reason}`, { param: 'dataset' });
}

/** Refuses a test split that no student could pass; warns of a thin one. */
async function checkTest(clickhouse: ClickHouseClient, input: DistilInput, dataset: Dataset) {
  const gold = await goldOf(clickhouse, input.project, dataset, 'test');
  const test = dataset.rows.test;
  const fresh = gold.size === test ? 0 : test - gold.size;
  let teacherErrors = 0;
  if (gold.size > 0)
    for (const row of await readDatasetRows(clickhouse, input.project, dataset, { split: 'test' })) {
      const right = gold.get(row.rowId);
      if (right !== undefined && right.trim() !== row.reference.trim()) teacherErrors++;
    }
  const { marginPoints } = input;
  if (!canDecide(test, marginPoints, teacherErrors))
    throw new StillhouseError(
      'test_too_small',
      `The test split has ${test} rows: at a margin of ${marginPoints} points not even a student without an error could be shown to be no worse. It takes at least ${fewestRowsToDecide(marginPoints)} rows, or a wider margin.`,
      { param: 'dataset', data: { testRows: test, neededRows: fewestRowsToDecide(marginPoints), marginPoints } },
    );
  const errorRate = gold.size > 0 ? teacherErrors / gold.size : USUAL_DISCORDANCE / 1.5;
  const wanted = rowsToDecide(Math.max(0.01, errorRate * 1.5), marginPoints);
  const thin = `The test split has ${test} rows; to decide at a margin of ${marginPoints} points takes about ${wanted} where student and teacher are equally good.`;
  return { goldTestRows: gold.size, fresh, warnings: test < wanted ? [thin] : [] };
}

function checkCap(input: DistilInput, shape: DatasetShape, freshUsd: number, worstUsd: number): void {
  const firstUsd = worstUsd * Math.min(FIRST_BATCH, shape.answeredBy.reduce((sum, by) => sum + by.rows, 0) || FIRST_BATCH);
  if (firstUsd + freshUsd <= input.maxUsd) return;
  const usd = (amount: number) => `$${amount.toPrecision(3)}`;
  const references = freshUsd > 0 ? ` and the fresh references of the test rows ${usd(freshUsd)}` : '';
  throw new StillhouseError(
    'cap_too_low',
    `maxUsd: the cap is ${usd(input.maxUsd)}, but the first ${FIRST_BATCH} calls can cost ${usd(firstUsd)}${references}.`,
    { param: 'maxUsd', data: { maxUsd: input.maxUsd, firstBatchUsd: firstUsd, referencesUsd: freshUsd } },
  );
}
