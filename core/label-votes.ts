/** One answer to vote with, the recorded one first. */
export interface LabelAnswer {
  answer: string;
  /** `length` where it was cut off. */
  finishReason: string;
}

/** What the samples of one prompt came to. */
export interface LabelVote {
  /** How many samples gave each label. */
  votes: Record<string, number>;
  /** Labels by votes, best first, at most `keepBest`; of equal ones the one that was given first. */
  best: string[];
  /** The label with the fewest votes where samples differ. */
  worst: string | null;
  /** Share of all samples that gave the first of `best`, 0 to 1. */
  agreement: number;
  /** Samples that could not vote, by reason. */
  rejected: Record<string, number>;
  /** Why the row teaches nothing (the commonest rejection); null where it has a vote. */
  dropped: string | null;
}

/** Counts the samples of a label task; compared after trimming. `labels` null: any answer is a label. */
export function voteLabels(answers: readonly LabelAnswer[], labels: ReadonlySet<string> | null, keepBest: number): LabelVote {
  const votes = new Map<string, number>();
  const rejected = new Map<string, number>();
  for (const { answer, finishReason } of answers) {
    const label = answer.trim();
    const reason = rejection(label, finishReason, labels);
    const tally = reason === null ? votes : rejected;
    const key = reason ?? label;
    tally.set(key, (tally.get(key) ?? 0) + 1);
  }
  // Sorting is stable and a Map remembers first mention: equal counts stay in the order in which they were given.
  const ranked = [...votes].sort((a, b) => b[1] - a[1]);
  const reasons = [...rejected].sort((a, b) => b[1] - a[1]);
  return {
    votes: Object.fromEntries(votes),
    best: ranked.slice(0, keepBest).map(([label]) => label),
    worst: ranked.length > 1 ? ranked.at(-1)![0] : null,
    agreement: ranked.length > 0 ? ranked[0]![1] / answers.length : 0,
    rejected: Object.fromEntries(rejected),
    dropped: ranked.length > 0 ? null : (reasons[0]?.[0] ?? 'no answer'),
  };
}

function rejection(label: string, finishReason: string, labels: ReadonlySet<string> | null): string | null {
  if (label === '') return 'empty answer';
  if (labels?.has(label)) return null;
  if (finishReason === 'length') return 'answer cut off';
  if (finishReason === 'content_filter') return 'refused';
  return labels === null ? null : 'outside the label set';
}
