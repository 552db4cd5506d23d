import type { Dataset } from '../../contracts/datasets.ts';
import type { DistilInput } from '../../contracts/distil.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { answerTokenBound, worstCallUsd } from '../../core/candidates/call-bounds.ts';
import { canDecide, fewestRowsToDecide, rowsToDecide } from '../../core/statistics/decision.ts';
import { distillationName } from '../../platform/content-hash.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import { type DatasetShape, datasetShape } from '../../store/clickhouse/dataset-shape.ts';
import { readDataset } from '../../store/clickhouse/datasets.ts';
import { type GatewayAccess, teacherPrice } from './gateway-targets.ts';
import type { RunPlan } from './run-plan.ts';
import { type TestSurvey, surveyTest } from './test-survey.ts';

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
      checkTask(input, dataset);
      const shape = await datasetShape(clickhouse, input.project, dataset);
      const teacher = input.teacher ?? shape.answeredBy[0]?.target;
      if (!teacher)
        throw new StillhouseError('invalid_request', "teacher: must be stated, for no model has answered the dataset's rows.", {
          param: 'teacher',
        });
      const price = await teacherPrice(deps.gateway, input.project, teacher);
      const labels = dataset.task.kind === 'label' ? (dataset.task.labels ?? Object.keys(dataset.labels).sort()) : [];
      const maxAnswerTokens = answerTokenBound(dataset.task, labels, shape.p99ReferenceBytes);
      const asked = { teacher, price, nSamples: input.nSamples, maxAnswerTokens };
      const survey = input.until === 'curate' ? null : await surveyTest(clickhouse, input.project, dataset, asked);
      const warnings = survey ? checkTest(input.marginPoints, dataset.rows.test, survey, teacher) : [];
      const freshUsd = survey?.freshUsd ?? 0;
      checkCap(input, shape, freshUsd, worstCallUsd(price, { in: shape.mostPromptTokens(teacher), out: maxAnswerTokens }));
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
        goldTestRows: survey?.complete ?? 0,
        usdPerCoreHour: deps.usdPerCoreHour,
        warnings,
      };
    },
  };
}

/** Refuses a task that the student can't learn, or that nobody could score. */
function checkTask({ student, until }: DistilInput, { name, task }: Dataset): void {
  if (until === 'curate' || task.kind === 'label') return;
  const use = 'Use until: "curate" for its training JSONL.';
  if (student === 'encoder')
    throw new StillhouseError(
      'dataset_invalid',
      `student: an encoder learns labels, and dataset "${name}" has the task "${task.kind}". ${use}`,
      {
        param: 'student',
      },
    );
  if (task.kind === 'text')
    throw new StillhouseError(
      'dataset_invalid',
      `student: texts are compared by a judge, which comes with a later version, and dataset "${name}" has the task "text". ${use}`,
      { param: 'student' },
    );
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

/** Refuses a test split that no student could pass; warns of a thin one, and of one that the teacher has not answered. */
function checkTest(marginPoints: number, rows: number, survey: TestSurvey, teacher: string): string[] {
  const { groups, known, unanswered } = survey;
  const copies = groups < rows ? ` (${rows} with near-duplicates, which count once)` : '';
  if (!canDecide(groups, marginPoints, known.teacherErrors)) {
    const neededRows = fewestRowsToDecide(marginPoints);
    throw new StillhouseError(
      'test_too_small',
      `The test split has ${groups} rows${copies}: at a margin of ${marginPoints} points not even a student without an error could be shown to be no worse. It takes at least ${neededRows} rows, or a wider margin.`,
      { param: 'dataset', data: { testRows: groups, neededRows, marginPoints } },
    );
  }
  const warnings: string[] = [];
  if (unanswered > 0)
    warnings.push(`${unanswered} of ${rows} test rows have no recorded answer of ${teacher}: it is asked for one each, at temperature 0.`);
  const errorRate = known.groups > 0 ? known.teacherErrors / known.groups : USUAL_DISCORDANCE / 1.5;
  const wanted = rowsToDecide(Math.max(0.01, errorRate * 1.5), marginPoints);
  if (groups < wanted)
    warnings.push(
      `The test split has ${groups} rows${copies}; to decide at a margin of ${marginPoints} points takes about ${wanted} where student and teacher are equally good.`,
    );
  return warnings;
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
