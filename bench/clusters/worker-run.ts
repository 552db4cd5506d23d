import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { ClusterRequest, ClusterRun } from '../../contracts/clusters.ts';
import { QUEUES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';
import { readBanking77 } from '../../examples/banking77/banking77.ts';
import { startTestWorker } from '../../test/support/worker.ts';
import { until } from '../../test/support/until.ts';
import { callOf, startClusterBench } from '../../test/workflow/cluster-bench.ts';
import type { LongTurn, LoopFigures } from './event-loop-probe.ts';

const ROWS = 20_000;
const LATER = 500;
/** As the gateway ships them. */
const SEGMENT_ROWS = 2_000;

/** One activity of a run, as Temporal's history has it. */
interface Stage {
  name: string;
  from: number;
  to: number;
}

export interface StageFigures {
  stage: string;
  seconds: number;
  /** The longest stretch between two turns of the event loop: computed by its own thread, and by the clock. */
  cpuMs: number;
  wallMs: number;
}

/** What 20,000 prompts cost the product's own worker, from its traces in ClickHouse to clusters on record. */
export interface WorkerFigures {
  clusters: number;
  /** From the first stage to the last. */
  seconds: number;
  /** Resident memory of the whole process, all its threads, at most. */
  peakMb: number;
  /** The longest that the process's main thread itself computed between two turns of its event loop. */
  blockedMs: number;
  /** The same by the clock: waiting for a core included. */
  longestMs: number;
  stages: StageFigures[];
  /** A later trace: read, embedded, compared and stored with 499 others. */
  assignMs: number;
}

/** Starts engines and the worker's own program, records calls of apps, clusters them, and assigns some that come later. */
export async function workerRun(embedderFolder: string): Promise<WorkerFigures> {
  const bench = await startClusterBench();
  const home = bench.folder();
  const probe = join(home, 'loop.json');
  const program = new URL('./event-loop-probe.ts', import.meta.url).href;
  const env = { STILLHOUSE_EMBEDDER: embedderFolder, LOOP_PROBE: probe, NODE_OPTIONS: `--import=${program}` };
  const worker = await startTestWorker({ env: { ...bench.workerEnv(home), ...env } });
  try {
    const calls = prompts(ROWS + LATER).map((message) => callOf(message));
    for (let at = 0; at < ROWS; at += SEGMENT_ROWS) await bench.record(calls.slice(at, Math.min(ROWS, at + SEGMENT_ROWS)));
    const client = await bench.client();
    const { state, stages } = await run(client, { name: 'large', mode: 'cluster' });
    await bench.record(calls.slice(ROWS));
    const later = await run(client, { name: 'later', mode: 'assign' });
    const loop = await until('the worker has said how its event loop fared', () => {
      const figures = JSON.parse(readFileSync(probe, 'utf8')) as LoopFigures;
      return figures.writtenAt > later.stages.at(-1)!.to && figures;
    });
    const all = [...stages, ...later.stages];
    const assign = later.stages.find(({ name }) => name === 'assignTraces')!;
    return {
      clusters: state.counts.clusters ?? 0,
      seconds: (stages.at(-1)!.to - stages[0]!.from) / 1000,
      peakMb: Math.round(loop.peakMb),
      ...longest(loop.turns, { from: all[0]!.from, to: all.at(-1)!.to }),
      stages: all.map((stage) => {
        const { blockedMs: cpuMs, longestMs: wallMs } = longest(loop.turns, stage);
        return { stage: stage.name, seconds: (stage.to - stage.from) / 1000, cpuMs, wallMs };
      }),
      assignMs: (assign.to - assign.from) / LATER,
    };
  } finally {
    await worker.stop();
    await bench.stop();
  }
}

/** All messages of both files, and then the first half of one with the second half of another of its intent: different texts. */
function prompts(count: number): { text: string; label: string }[] {
  const own = [...readBanking77('train'), ...readBanking77('test')];
  const made = [...Map.groupBy(own, ({ label }) => label).values()].flatMap((same) =>
    same.map(({ text, label }, i) => ({ text: `${half(text, 0)} ${half(same[(i + 1) % same.length]!.text, 1)}`, label })),
  );
  return [...own, ...made].slice(0, count);
}

function half(text: string, which: 0 | 1): string {
  const words = text.split(' ');
  const middle = Math.ceil(words.length / 2);
  return (which === 0 ? words.slice(0, middle) : words.slice(middle)).join(' ');
}

async function run(client: Client, request: Partial<ClusterRequest> & { name: string }): Promise<{ state: ClusterRun; stages: Stage[] }> {
  const handle = await client.workflow.start<(input: unknown) => Promise<ClusterRun>>(WORKFLOWS.clusterTraces, {
    workflowId: workflowIds.clusterTraces('default', request.name),
    taskQueue: QUEUES.main,
    args: [request],
  });
  const state = await handle.result();
  return { state, stages: stagesOf((await handle.fetchHistory()).events ?? []) };
}

type HistoryEvent = NonNullable<Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>['events']>[number];

function stagesOf(events: readonly HistoryEvent[]): Stage[] {
  const names = new Map<string, string>();
  const from = new Map<string, number>();
  const stages: Stage[] = [];
  for (const event of events) {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled) names.set(String(event.eventId), scheduled.activityType?.name ?? '');
    const started = event.activityTaskStartedEventAttributes;
    if (started) from.set(String(started.scheduledEventId), millisecondsOf(event));
    const completed = event.activityTaskCompletedEventAttributes;
    if (!completed) continue;
    const id = String(completed.scheduledEventId);
    stages.push({ name: names.get(id) ?? '', from: from.get(id) ?? 0, to: millisecondsOf(event) });
  }
  return stages;
}

function millisecondsOf({ eventTime }: HistoryEvent): number {
  return Number(eventTime?.seconds ?? 0) * 1000 + Number(eventTime?.nanos ?? 0) / 1e6;
}

function longest(turns: readonly LongTurn[], { from, to }: { from: number; to: number }): { blockedMs: number; longestMs: number } {
  const within = turns.filter(({ at }) => at >= from && at <= to);
  return {
    blockedMs: Math.max(0, ...within.map(({ cpuMs }) => cpuMs)),
    longestMs: Math.max(0, ...within.map(({ wallMs }) => wallMs)),
  };
}
