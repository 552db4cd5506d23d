import type { Client } from '@temporalio/client';
import type { Distillation } from '../../contracts/distil.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { WORKFLOWS, workflowIds } from '../../contracts/names.ts';
import { listDistillations, readDistillation } from '../../store/clickhouse/distillations.ts';
import type { ApiDeps } from './dependencies.ts';
import { hasEnded, markStale, stateOfRun } from './distillation-run.ts';
import { unlessDown } from './outages.ts';
import { READ_TIMEOUT_MS, withTemporal } from './temporal-calls.ts';
import { describeRun } from './workflow-runs.ts';

/**
 * Where a run stands. Temporal says which run is the newest and, by a query, how it goes; with Temporal down or no
 * worker, the last recorded state answers, marked stale unless it has ended. null: there never was such a run.
 */
export async function distillationState(deps: ApiDeps, project: string, name: string): Promise<Distillation | null> {
  const readAgain = () => unlessDown(() => readDistillation(deps.clickhouse, project, name), 'down' as const);
  const recorded = await readAgain();
  const known = recorded === 'down' ? null : recorded;
  const ask = async (client: Client) => {
    // a run that was started by hand may have an id of its own
    const own = known && known.workflowId !== workflowIds.distil(project, name) ? await describeRun(client, known.workflowId) : null;
    const run = (await describeRun(client, workflowIds.distil(project, name))) ?? own;
    return run ? await stateOfRun(client, run, { before: recorded, readAgain }, { project, name }) : known;
  };
  const state = await unlessDown(() => withTemporal(deps, READ_TIMEOUT_MS, ask), 'down' as const);
  if (state === 'down') {
    if (known) return markStale(known);
    throw new StillhouseError(
      'unavailable',
      'The state of this run can not be read now: Temporal, ClickHouse or both do not answer; try again in a moment.',
    );
  }
  if (state === null && recorded === 'down') throw new StillhouseError('unavailable', 'ClickHouse does not answer; try again in a moment.');
  return state;
}

/** All runs, newest first; those that are under way as they stand now. */
export async function distillationStates(deps: ApiDeps, project: string): Promise<Distillation[]> {
  const recorded = await listDistillations(deps.clickhouse, project);
  const names = new Set(recorded.filter((run) => !hasEnded(run.status)).map((run) => run.name));
  const unrecorded = await unlessDown(() => withTemporal(deps, READ_TIMEOUT_MS, (client) => runningNames(client, project)), null);
  for (const name of unrecorded ?? []) names.add(name);
  const current = await Promise.all(
    [...names].map(async (name) => {
      const old = recorded.find((run) => run.name === name);
      return unrecorded === null && old ? markStale(old) : await distillationState(deps, project, name);
    }),
  );
  const byName = new Map(recorded.map((run) => [run.name, run]));
  for (const run of current) if (run) byName.set(run.name, run);
  return [...byName.values()].sort((a, b) => (a.startedAt > b.startedAt ? -1 : 1));
}

async function runningNames(client: Client, project: string): Promise<string[]> {
  const prefix = workflowIds.distil(project, '');
  const names: string[] = [];
  const query = `WorkflowType = '${WORKFLOWS.distil}' AND ExecutionStatus = 'Running' AND WorkflowId STARTS_WITH '${prefix}'`;
  for await (const run of client.workflow.list({ query })) names.push(run.workflowId.slice(prefix.length));
  return names;
}
