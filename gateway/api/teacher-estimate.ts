import type { Dataset } from '../../contracts/datasets.ts';
import type { DistilInput } from '../../contracts/distil.ts';
import type { TargetInfo } from '../../contracts/http.ts';
import type { Estimate } from '../../contracts/students.ts';
import { type Price, worstCallUsd } from '../../core/candidates/call-bounds.ts';
import { canDecide, fewestRowsToDecide, rowsToDecide } from '../../core/statistics/decision.ts';
import type { DatasetVolume } from '../../store/clickhouse/dataset-volume.ts';

/** Share of the rows on which teacher and student differ in right or wrong, where nothing is known: as in `planRun`. */
const USUAL_DISCORDANCE = 0.08;

/** Calls and dollars of the teacher, and whether the test split can decide. */
export function teacherEstimate(
  input: DistilInput,
  dataset: Dataset,
  volume: DatasetVolume,
  info: TargetInfo | undefined,
): Pick<Estimate, 'calls' | 'teacherUsd' | 'rowsNeeded' | 'testRows' | 'warnings'> {
  const warnings: string[] = [];
  const calls = callsOf(input, volume);
  const price = priceOf(info);
  const perCall = price && worstCallUsd(price, { in: volume.promptTokens, out: volume.answerTokens });
  // a byte is never less than a token
  const worst = price && worstCallUsd(price, { in: volume.mostRowBytes, out: Math.max(16, volume.answerTokens * 4) });
  const expected = perCall === null ? null : calls * perCall;
  const most = worst === null ? null : Math.min(input.maxUsd, calls * worst);
  if (price === null) warnings.push('The teacher has no price in stillhouse.yaml: a run with it is refused until it has one.');
  else if (expected! > input.maxUsd)
    warnings.push(`The teacher is expected to cost more than the cap of $${input.maxUsd}: the run would go on with fewer candidates.`);
  const testRows = volume.splits.test.groups;
  const rowsNeeded = rowsToDecide(USUAL_DISCORDANCE, input.marginPoints);
  if (input.until === null && !canDecide(testRows, input.marginPoints))
    warnings.push(
      `The test split has ${testRows} rows: not even a student without an error could be shown to be no worse; it takes at least ${fewestRowsToDecide(input.marginPoints)}.`,
    );
  else if (input.until === null && testRows < rowsNeeded)
    warnings.push(
      `The test split has ${testRows} rows; about ${rowsNeeded} are needed to decide at a margin of ${input.marginPoints} points.`,
    );
  if (dataset.task.kind !== 'label' && input.student === 'encoder') warnings.push('An encoder learns labels only.');
  return {
    calls,
    teacherUsd: { expected: expected === null ? null : Math.min(expected, input.maxUsd), most },
    rowsNeeded,
    testRows,
    warnings,
  };
}

/** As `samplesNeeded` counts them: the teacher's recorded answer is one of a training row's, and the answer of a test row. */
function callsOf(input: DistilInput, { splits }: DatasetVolume): number {
  const sampled = [splits.train, splits.validation];
  const training = sampled.reduce((sum, split) => sum + split.rows * input.nSamples - split.recorded, 0);
  if (input.until === 'curate') return training;
  const { rows, gold, recorded } = splits.test;
  return training + (rows - gold) * input.nSamples + (rows - recorded);
}

function priceOf(info: TargetInfo | undefined): Price | null {
  if (!info || info.inputUsdPerMTok === null || info.outputUsdPerMTok === null) return null;
  return { inputUsdPerMTok: info.inputUsdPerMTok, outputUsdPerMTok: info.outputUsdPerMTok };
}
