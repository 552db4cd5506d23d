import type { Candidate } from '../../contracts/stages.ts';
import { comparableAnswer } from './comparable-answer.ts';
import type { LabelAnswer, LabelVote } from '../label-votes.ts';

/** A vote whose candidates have scores, one a usable sample, in the order in which they were given. */
export interface Ranking extends LabelVote {
  candidates?: Candidate[];
}

/**
 * What the samples of a json or text prompt came to: equal answers (JSON compared by value) count together. `fault` says why
 * an answer can't be used. `scoresOf` grades the usable ones against each other, and the best graded comes first; without it
 * the commonest. Votes stay empty, for texts are no labels.
 */
export function rankAnswers(
  answers: readonly LabelAnswer[],
  fault: (answer: LabelAnswer) => string | null,
  keepBest: number,
  scoresOf?: (answers: readonly string[]) => number[],
): Ranking {
  const rejected = new Map<string, number>();
  const usable: string[] = [];
  for (const sample of answers) {
    const reason = fault(sample);
    if (reason !== null) {
      rejected.set(reason, (rejected.get(reason) ?? 0) + 1);
      continue;
    }
    usable.push(sample.answer);
  }
  const scores = scoresOf?.(usable);
  const groups = new Map<string, { answer: string; n: number; score: number }>();
  usable.forEach((answer, i) => {
    const key = comparableAnswer(answer);
    const group = groups.get(key) ?? { answer, n: 0, score: scores?.[i] ?? 0 };
    group.n++;
    groups.set(key, group);
  });
  const ranked = [...groups.values()].sort((a, b) => b.score - a.score || b.n - a.n);
  const reasons = [...rejected].sort((a, b) => b[1] - a[1]);
  return {
    votes: {},
    best: ranked.slice(0, keepBest).map((group) => group.answer),
    worst: ranked.length > 1 ? ranked.at(-1)!.answer : null,
    agreement: ranked.length > 0 ? ranked[0]!.n / answers.length : 0,
    rejected: Object.fromEntries(rejected),
    dropped: ranked.length > 0 ? null : (reasons[0]?.[0] ?? 'no answer'),
    ...(scores && { candidates: usable.map((text, i) => ({ text, score: scores[i]! })) }),
  };
}
