import type { Distillation, Evaluation } from '../sdk/index.ts';
import { count, milliseconds, percent, points, usd } from './format.ts';
import type { Output } from './output.ts';

const DECISIONS = {
  not_worse: ['green', 'not worse'],
  worse: ['red', 'worse'],
  undecided: ['yellow', 'undecided'],
} as const;

const REFERENCES: Record<Evaluation['reference'], string> = {
  gold: 'gold answers',
  'teacher-majority': 'the majority of fresh teacher samples',
  mixed: 'gold answers where there are any, else the majority of fresh teacher samples',
};

/** The decision in colour. */
export function decisionOf(out: Output, evaluation: Evaluation): string {
  const [colour, words] = DECISIONS[evaluation.decision];
  return out.style(colour, words);
}

/** Student against teacher, as pairs. */
export function evaluationFacts(out: Output, evaluation: Evaluation): [string, string][] {
  const { teacher, student, difference } = evaluation;
  const against = REFERENCES[evaluation.reference];
  const side = (of: Evaluation['teacher']) => `${percent(of.accuracy)}  ${usd(of.usdPer1k)} per 1,000 calls, p50 ${milliseconds(of.p50Ms)}`;
  return [
    ['decision', `${decisionOf(out, evaluation)} at a margin of ${evaluation.marginPoints} points`],
    ['teacher', side(teacher)],
    ['student', side(student)],
    ['difference', `${points(difference.points)} points, 95 % interval ${points(difference.low)} to ${points(difference.high)}`],
    ['judged by', `${testRows(evaluation)} against ${against}; McNemar p = ${evaluation.mcnemarP.toPrecision(2)}`],
  ];
}

/** How many observations there are, and what became of the other rows. */
export function testRows({ n, rows, leftOut, reference, goldRows }: Evaluation): string {
  const more = [
    ...(rows !== undefined && rows > n ? [`${count(rows)} with near-duplicates`] : []),
    ...(reference === 'mixed' && goldRows !== undefined ? [`${count(goldRows)} with gold`] : []),
    ...(leftOut ? [`${count(leftOut)} left out for want of an answer`] : []),
  ];
  return `${count(n)} test rows${more.length > 0 ? ` (${more.join(', ')})` : ''}`;
}

/** How a run ended, for people. */
export function showReportCard(out: Output, run: Distillation): void {
  const pairs: [string, string][] = [];
  if (run.evaluation) pairs.push(...evaluationFacts(out, run.evaluation));
  if (run.student) pairs.push(['target', run.student]);
  if (run.aliasMoved)
    pairs.push([
      'alias',
      `${run.aliasMoved.alias}: ${run.aliasMoved.before || 'nothing'} → ${out.style('bold', run.aliasMoved.after)} (version ${run.aliasMoved.version})`,
    ]);
  else if (run.status === 'completed' && run.input.alias) pairs.push(['alias', `${run.input.alias} stays where it is`]);
  if (run.usedGold) pairs.push(['gold', out.style('yellow', 'gold answers were used in training')]);
  if (run.curated)
    pairs.push(['training data', `${run.curated.key}${run.curated.rows === undefined ? '' : ` (${count(run.curated.rows)} rows)`}`]);
  if (pairs.length > 0) out.facts(pairs);
  if (run.error) out.line(out.style('red', `✗ ${run.error}`));
}
