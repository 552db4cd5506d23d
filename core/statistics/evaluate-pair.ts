import type { Evaluation } from '../../contracts/distil.ts';
import { decide } from './decision.ts';
import { mcnemarExact } from './mcnemar.ts';
import { tangoInterval, tangoLowerBound } from './paired-difference.ts';

/** Both answers to one test row and what they are scored against; compared after trimming. */
export interface AnsweredRow {
  reference: string;
  teacher: string;
  student: string;
}

/** What an evaluation's numbers are, without prices and latencies. */
export type PairEvaluation = Pick<
  Evaluation,
  'n' | 'discordant' | 'difference' | 'lowerBoundPoints' | 'marginPoints' | 'mcnemarP' | 'decision' | 'perLabel'
> & { teacher: { accuracy: number; correct: number }; student: { accuracy: number; correct: number } };

/** Student against teacher on the same rows: accuracies, paired difference with its interval, decision, and by label. */
export function evaluatePair(rows: readonly AnsweredRow[], marginPoints: number): PairEvaluation {
  const perLabel = new Map<string, { label: string; n: number; teacher: number; student: number }>();
  let teacher = 0;
  let student = 0;
  let both = 0;
  for (const row of rows) {
    const label = row.reference.trim();
    const teacherRight = Number(row.teacher.trim() === label);
    const studentRight = Number(row.student.trim() === label);
    const tally = perLabel.get(label) ?? { label, n: 0, teacher: 0, student: 0 };
    perLabel.set(label, tally);
    tally.n++;
    tally.teacher += teacherRight;
    tally.student += studentRight;
    teacher += teacherRight;
    student += studentRight;
    both += teacherRight * studentRight;
  }
  const n = rows.length;
  const counts = { n, teacherOnly: teacher - both, studentOnly: student - both };
  const { low, high } = tangoInterval(counts);
  const share = (correct: number) => (n === 0 ? 0 : correct / n);
  return {
    n,
    teacher: { accuracy: share(teacher), correct: teacher },
    student: { accuracy: share(student), correct: student },
    discordant: { teacherOnly: counts.teacherOnly, studentOnly: counts.studentOnly },
    difference: { points: 100 * share(student - teacher), low: 100 * low, high: 100 * high },
    lowerBoundPoints: 100 * tangoLowerBound(counts),
    marginPoints,
    mcnemarP: mcnemarExact(counts.teacherOnly, counts.studentOnly),
    decision: decide(counts, marginPoints),
    perLabel: [...perLabel.values()].sort((a, b) => b.n - a.n || (a.label < b.label ? -1 : 1)),
  };
}
