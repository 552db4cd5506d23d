import { comparableAnswer } from './comparable-answer.ts';
import type { LabelAnswer, LabelVote } from '../label-votes.ts';

/**
 * What the samples of a json or text prompt came to: equal answers (JSON compared by value) count together, the commonest
 * comes first. `fault` says why an answer can't be used. Votes stay empty, for texts are no labels.
 */
export function rankAnswers(answers: readonly LabelAnswer[], fault: (answer: LabelAnswer) => string | null, keepBest: number): LabelVote {
  const groups = new Map<string, { answer: string; n: number }>();
  const rejected = new Map<string, number>();
  for (const sample of answers) {
    const reason = fault(sample);
    if (reason !== null) {
      rejected.set(reason, (rejected.get(reason) ?? 0) + 1);
      continue;
    }
    const key = comparableAnswer(sample.answer);
    const group = groups.get(key) ?? { answer: sample.answer, n: 0 };
    group.n++;
    groups.set(key, group);
  }
  const ranked = [...groups.values()].sort((a, b) => b.n - a.n);
  const reasons = [...rejected].sort((a, b) => b[1] - a[1]);
  return {
    votes: {},
    best: ranked.slice(0, keepBest).map((group) => group.answer),
    worst: ranked.length > 1 ? ranked.at(-1)!.answer : null,
    agreement: ranked.length > 0 ? ranked[0]!.n / answers.length : 0,
    rejected: Object.fromEntries(rejected),
    dropped: ranked.length > 0 ? null : (reasons[0]?.[0] ?? 'no answer'),
  };
}
