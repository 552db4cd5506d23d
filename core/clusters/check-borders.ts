import { type CheckSubject, type CheckVerdict, parseCheck } from './border-checks.ts';
import type { CheckedGroups, Proposal } from './propose-checks.ts';

/** Found groups that merges may make one at most: a chain of likenesses must not make everything one. */
const MOST_TOGETHER = 4;

/** What is checked. */
export interface BorderWork {
  groups: Omit<CheckedGroups, 'vectors'>;
  /** Texts of the rows. */
  texts: readonly string[];
  /** Which cluster that a person has named each group is; null: none. These are never split, and two of them never made one. */
  owners: readonly (string | null)[];
  /** Pairs of sides at most: half of them for splits, what these leave for merges. */
  most: number;
}

/** Where proposals come from: arithmetic that the caller may have done on a thread. */
export interface Proposing {
  splits(groups: BorderWork['groups'], spared: number[], most: number): Promise<Proposal[]>;
  /** `apart`: pairs of groups, the lower number first, that are not asked about. */
  merges(groups: BorderWork['groups'], apart: [number, number][], most: number): Promise<Proposal[]>;
}

/** An answer as it was received. */
export interface CheckAnswer {
  answer: string;
  traceId: string;
  costUsd: number | null;
}

/** One question to the model; `place` finds its answer. */
export interface CheckQuestion {
  place: number;
  subject: CheckSubject;
}

/** What came of one check. */
export interface CheckDecision {
  kind: 'split' | 'merge';
  /** null: no verdict, for there was no answer or none that was asked for. */
  verdict: CheckVerdict['intents'] | null;
  /** `guarded`: the model would have merged them, a rule kept them apart. */
  outcome: 'merged' | 'split' | 'kept' | 'guarded';
  reason: string;
  cosine: number;
  sizes: [number, number];
  /** The text nearest the centre of either side, which finds the side's cluster later. */
  rows: [number, number];
  traceId: string | null;
  costUsd: number | null;
}

/**
 * Has a model say which groups are two intents, then which pairs are one. What it does not say, or says in another form, changes
 * nothing. Splits come first, so that a half may find its place in another group.
 */
export async function checkBorders(
  { groups, texts, owners, most }: BorderWork,
  propose: Proposing,
  ask: Ask,
): Promise<{ labels: number[]; decisions: CheckDecision[] }> {
  const owned = owners.flatMap((owner, group) => (owner === null ? [] : [group]));
  const splits = await propose.splits(groups, owned, Math.floor(most / 2));
  const said = await asked(splits, texts, 'two', ask);
  const labels = [...groups.labels];
  const systems = [...groups.systems];
  const apart: [number, number][] = owned.flatMap((a) => owned.filter((b) => a < b).map((b): [number, number] => [a, b]));
  splits.forEach(({ groups: [group], leaving }, i) => {
    if (said[i]!.verdict !== 'two') return;
    for (const row of leaving) labels[row] = systems.length;
    apart.push([group, systems.length]);
    systems.push(groups.systems[group]!);
  });
  const merges = await propose.merges({ ...groups, labels, systems }, apart, most - splits.length);
  const answers = await asked(merges, texts, 'one', ask);
  const { roots, merged } = united(
    merges.map(({ groups: pair }, i) => ({ pair, verdict: answers[i]!.verdict })),
    systems.length,
    apart,
  );
  const decisions = [
    ...splits.map((proposal, i) => decisionOf('split', proposal, said[i]!, said[i]!.verdict === 'two' ? 'split' : 'kept')),
    ...merges.map((proposal, i) => {
      const answer = answers[i]!;
      return decisionOf('merge', proposal, answer, merged[i] ? 'merged' : answer.verdict === 'one' ? 'guarded' : 'kept');
    }),
  ];
  return { labels: labels.map((label) => (label < 0 ? label : roots[label]!)), decisions };
}

type Said = Pick<CheckDecision, 'verdict' | 'reason' | 'traceId' | 'costUsd'>;
type Ask = (questions: CheckQuestion[]) => Promise<ReadonlyMap<number, CheckAnswer>>;

/**
 * What the model says of each proposal. An answer that would change something (`changing`) is asked for once more with the sides
 * the other way round: a model that then says otherwise is unsure.
 */
async function asked(proposals: readonly Proposal[], texts: readonly string[], changing: 'one' | 'two', ask: Ask): Promise<Said[]> {
  const subjects = proposals.map(({ shown }): CheckSubject => {
    // In the order of the first texts, which says nothing of which side is which.
    const [a, b] = shown.map((rows) => rows.map((row) => texts[row]!)).sort((x, y) => (x[0]! < y[0]! ? -1 : 1));
    return { a: a!, b: b! };
  });
  const first = await answersTo(subjects, ask);
  const again = subjects.flatMap(({ a, b }, i) => (first[i]!.verdict === changing ? [{ a: b, b: a }] : []));
  const second = (await answersTo(again, ask)).values();
  return first.map((said) => {
    if (said.verdict !== changing) return said;
    const confirmed = second.next().value!;
    const costUsd = said.costUsd === null || confirmed.costUsd === null ? null : said.costUsd + confirmed.costUsd;
    if (confirmed.verdict === changing) return { ...said, costUsd };
    const verdict = confirmed.verdict === null ? null : ('unsure' as const);
    return { ...confirmed, verdict, costUsd, reason: `Asked with the sides the other way round: ${confirmed.reason}` };
  });
}

async function answersTo(subjects: readonly CheckSubject[], ask: Ask): Promise<Said[]> {
  const answers =
    subjects.length === 0 ? new Map<number, CheckAnswer>() : await ask(subjects.map((subject, place) => ({ place, subject })));
  return subjects.map((_, place): Said => {
    const found = answers.get(place);
    if (!found) return { verdict: null, reason: 'There is no answer of the model.', traceId: null, costUsd: null };
    const { answer, traceId, costUsd } = found;
    const parsed = parseCheck(answer);
    const said = parsed
      ? { verdict: parsed.intents, reason: parsed.reason }
      : { verdict: null, reason: 'The answer was not what was asked for.' };
    return { ...said, traceId, costUsd };
  });
}

function decisionOf(kind: CheckDecision['kind'], proposal: Proposal, said: Said, outcome: CheckDecision['outcome']): CheckDecision {
  const { shown, cosine, sizes } = proposal;
  return { kind, outcome, ...said, cosine, sizes, rows: [shown[0][0]!, shown[1][0]!] };
}

/**
 * Makes one what a model says is one, nearest pairs first: not where it has said "two" of any pair across, not what is
 * `apart`, and not more than `MOST_TOGETHER` groups.
 */
export function united(
  pairs: readonly { pair: readonly [number, number]; verdict: CheckDecision['verdict'] }[],
  count: number,
  apart: readonly (readonly [number, number])[],
): { roots: number[]; merged: boolean[] } {
  const roots = Array.from({ length: count }, (_, group) => group);
  const members = roots.map((group) => [group]);
  const two = new Set([...apart, ...pairs.filter(({ verdict }) => verdict === 'two').map(({ pair }) => pair)].map(([a, b]) => keyOf(a, b)));
  const merged = pairs.map(({ pair: [a, b], verdict }) => {
    const [into, from] = [Math.min(roots[a]!, roots[b]!), Math.max(roots[a]!, roots[b]!)];
    if (verdict !== 'one') return false;
    if (into === from) return true;
    const [left, right] = [members[into]!, members[from]!];
    const isApart = left.some((one) => right.some((other) => two.has(keyOf(one, other))));
    if (isApart || left.length + right.length > MOST_TOGETHER) return false;
    for (const group of right) roots[group] = into;
    left.push(...right);
    return true;
  });
  return { roots, merged };
}

function keyOf(a: number, b: number): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
