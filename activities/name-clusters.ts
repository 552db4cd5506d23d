import { setTimeout as wait } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { ClusterNaming } from '../contracts/clusters.ts';
import { isStillhouseError } from '../contracts/errors.ts';
import type { ArtifactRef } from '../contracts/identifiers.ts';
import { clashing, keywordName, nameKey, uniqueName } from '../core/clusters/unique-names.ts';
import { type GivenName, type NamingSubject, parseNaming } from '../core/clusters/naming.ts';
import { appendCandidates } from '../store/clickhouse/candidates.ts';
import { clusterEdits } from '../store/clickhouse/cluster-edits.ts';
import type { ArtifactStore } from '../store/artifacts/artifact-store.ts';
import type { ClickHouseClient } from '../store/clickhouse/connection.ts';
import { type ClusterPlan, workFolder } from './clusters/cluster-plan.ts';
import { type Clustered, type Clustering, readClustering } from './clusters/clustering-result.ts';
import type { ClusterIdentity, Matched } from './clusters/match-run.ts';
import { NamingCalls } from './clusters/naming-calls.ts';
import { type Sampled, type SampleText, readSample } from './clusters/sample.ts';
import { onceInRun, readJson } from './clusters/work-files.ts';
import type { GatewayAccess } from './distil/gateway-targets.ts';
import { runCalls } from './generate/call-lane.ts';
import { CandidateJournal } from './generate/candidate-journal.ts';
import { abandonAfter, lastAnswersMs } from './generate/last-answers.ts';
import { SpendGuard } from './generate/spend-guard.ts';
import { spentSoFar } from './generate/spent-so-far.ts';
import { CALL_TIMEOUT_MS, LONGEST_RETRY_AFTER_MS, gatewayClient } from './generate/teacher-call.ts';
import { type Pulse, withHeartbeat } from './heartbeat.ts';

/** Calls in flight at most: what a kill can lose. */
const MOST_IN_FLIGHT = 8;
/** Longer than a call and the wait before it may take. */
const STALL_MS = CALL_TIMEOUT_MS + LONGEST_RETRY_AFTER_MS + 60_000;
/** Texts of a cluster that the model sees, and of each of so many others. */
const SHOWN = { members: 12, others: 3, ofOthers: 4 };

export interface NamingInput {
  plan: ClusterPlan;
  sample: Sampled;
  clustered: Clustered;
  matched: Matched;
}

/** Names by reference: they are made of customers' words. */
export interface Named {
  names: ArtifactRef;
  /** Clusters that the model has named in this run. */
  named: number;
  spentUsd: number;
  warnings: string[];
}

export interface NamingDeps {
  clickhouse: ClickHouseClient;
  artifacts: ArtifactStore;
  gateway: GatewayAccess;
  /** Milliseconds since 1970. */
  now: () => number;
}

export type NameClustersActivity = ReturnType<typeof createNameClustersActivity>;

export function createNameClustersActivity(deps: NamingDeps) {
  return {
    /**
     * Names clusters: those that have a model's or a person's name keep it. Safe to retry because every answer is in
     * ClickHouse before its place is free, a second attempt asks only for what is not there, and the result is published once.
     */
    nameClusters: (input: NamingInput): Promise<Named> =>
      withHeartbeat(STALL_MS, async (pulse) => {
        const key = `${workFolder(input.plan)}/names.json`;
        type Result = Omit<Named, 'names'> & { names: ClusterNaming[] };
        const { ref, value } = await onceInRun<Result>(deps.artifacts, key, () => nameAll(deps, input, pulse));
        return { names: ref, named: value.named, spentUsd: value.spentUsd, warnings: value.warnings };
      }),
  };
}

/** What `nameClusters` has published. */
export async function readNames(artifacts: ArtifactStore, { names }: Pick<Named, 'names'>): Promise<ClusterNaming[]> {
  return (await readJson<{ names: ClusterNaming[] }>(artifacts, names)).names;
}

async function nameAll(deps: NamingDeps, input: NamingInput, pulse: Pulse) {
  const { plan } = input;
  const [clustering, texts, identities, edits] = await Promise.all([
    readClustering(deps.artifacts, input.clustered),
    readSample(deps.artifacts, input.sample),
    readJson<ClusterIdentity[]>(deps.artifacts, input.matched.identities),
    clusterEdits(deps.clickhouse, plan.run.project),
  ]);
  const kept = identities.map(({ id, naming }) => {
    const edit = edits.get(id);
    if (typeof edit?.name === 'string') return { ...(naming ?? blank()), name: edit.name, namedBy: 'person' as const };
    return naming !== null && naming.namedBy !== 'keywords' ? naming : null;
  });
  const taken = new Set(kept.flatMap((naming) => (naming ? [nameKey(naming.name)] : [])));
  const wanted = identities.flatMap((_, place) => (kept[place] ? [] : [place]));
  const given = plan.namingPrice === null ? null : await askNames(deps, input, { clustering, texts, wanted, taken }, pulse);
  const names = identities.map((_, place): ClusterNaming => {
    const before = kept[place];
    if (before) return before;
    const { keywords } = clustering.groups[place]!;
    const answer = given?.answers.get(place);
    const name = uniqueName(answer?.name ?? keywordName(keywords), keywords, taken);
    taken.add(nameKey(name));
    return answer ? { ...answer, name, namedBy: 'model' } : { ...blank(), name };
  });
  const warnings = given ? unnamedWarning(wanted.length - given.answers.size, given.trouble) : [];
  return { names, named: given?.answers.size ?? 0, spentUsd: given?.spentUsd ?? 0, warnings };
}

function blank(): ClusterNaming {
  return { name: '', namedBy: 'keywords', description: '', inclusion: '', exclusion: '' };
}

function unnamedWarning(unnamed: number, trouble: string | null): string[] {
  if (unnamed === 0) return [];
  return [`${unnamed} clusters have keywords instead of a name: ${trouble ?? 'the answers were not what was asked for.'}`];
}

/** Asks for all names, and once more for those that clash. */
async function askNames(
  deps: NamingDeps,
  { plan }: NamingInput,
  work: { clustering: Clustering; texts: SampleText[]; wanted: number[]; taken: ReadonlySet<string> },
  pulse: Pulse,
) {
  const calls = new NamingCalls(deps, plan);
  const subjects = new Map(work.wanted.map((place) => [place, subjectOf(work, place)]));
  const first = await ask(deps, plan, calls, subjects, new Map(), pulse);
  const answers = new Map(first.answers);
  const places = [...answers.keys()];
  const clashes = clashing(
    places.map((place) => answers.get(place)!.name),
    work.taken,
  ).map((at) => places[at]!);
  const refused = new Map(clashes.map((place) => [place, answers.get(place)!.name]));
  const again = new Map(clashes.map((place) => [place, subjects.get(place)!]));
  const second = first.trouble === null ? await ask(deps, plan, calls, again, refused, pulse) : null;
  for (const [place, answer] of second?.answers ?? []) answers.set(place, answer);
  const { usd } = await spentSoFar(deps.clickhouse, calls.spendIdentity);
  return { answers, spentUsd: usd, trouble: first.trouble ?? second?.trouble ?? null };
}

/** What the model said, and why it was not asked for all; null: it was. */
interface Asked {
  answers: Map<number, GivenName>;
  trouble: string | null;
}

const CAP_REACHED = 'the cap was reached.';

/** Clusters are worth having without names: a model that refuses or is gone for good is a warning. */
function refusalOf(error: unknown): string {
  if (isStillhouseError(error) && !error.retryable) return error.message;
  throw error;
}

async function ask(
  deps: NamingDeps,
  plan: ClusterPlan,
  naming: NamingCalls,
  subjects: ReadonlyMap<number, NamingSubject>,
  refused: ReadonlyMap<number, string>,
  pulse: Pulse,
): Promise<Asked> {
  const asked = [...subjects].map(([place, subject]) => ({ place, ...naming.call(subject, refused.get(place) ?? null) }));
  const known = await naming.journalled(asked.map(({ promptHash }) => promptHash));
  const missing = asked.filter(({ promptHash }) => !known.has(promptHash)).map(({ call }) => call);
  const { usd, unpriced } = await spentSoFar(deps.clickhouse, naming.spendIdentity);
  const worstUsd = Math.max(0, ...missing.map((call) => call.worstUsd));
  const guard = new SpendGuard(plan.input.maxUsd, usd, unpriced * worstUsd);
  const journal = new CandidateJournal((candidates, token) => appendCandidates(deps.clickhouse, candidates, token));
  const context = Context.current();
  const abandon = abandonAfter(pulse.signal, () => lastAnswersMs(context.cancellationDetails));
  let done = 0;
  try {
    const lane = {
      client: gatewayClient(deps.gateway),
      journal,
      guard,
      most: MOST_IN_FLIGHT,
      stop: pulse.signal,
      abandon: abandon.signal,
      pause: (ms: number, signal: AbortSignal) => wait(ms, undefined, { signal }).catch(() => undefined),
      moved: () => pulse.progress({ named: ++done, of: missing.length }),
    };
    const trouble = await runCalls(lane, missing).then(({ capReached }) => (capReached ? CAP_REACHED : null), refusalOf);
    pulse.signal.throwIfAborted();
    const all = await naming.journalled(asked.map(({ promptHash }) => promptHash));
    const parsed = asked.flatMap(({ place, promptHash }) => {
      const answer = parseNaming(all.get(promptHash) ?? '');
      return answer ? [[place, answer] as const] : [];
    });
    return { answers: new Map(parsed), trouble };
  } finally {
    abandon.clear();
  }
}

function subjectOf({ clustering, texts }: { clustering: Clustering; texts: SampleText[] }, place: number): NamingSubject {
  const shown = (cluster: number, most: number) => clustering.groups[cluster]!.nearest.slice(0, most).map((at) => texts[at]!.text);
  return {
    members: shown(place, SHOWN.members),
    others: clustering.groups[place]!.others.slice(0, SHOWN.others).map((other) => shown(other, SHOWN.ofOthers)),
  };
}
