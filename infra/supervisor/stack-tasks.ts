import { cacheFolder } from '../../platform/home.ts';
import { ensureEmbedder } from '../embedder/embedder.ts';
import { ensureLanguageModelParts } from '../language-model/language-model-parts.ts';
import { ensureConsole } from '../preparations/console-build.ts';
import type { PreparationContext } from '../preparations/preparation.ts';
import type { ChildLedger } from '../processes/child-ledger.ts';
import { ensureTemporalBinary } from '../temporal/temporal-binary.ts';
import { runMigrations } from './migrations.ts';
import { createOnDemand, type OnDemand } from './on-demand.ts';
import type { Reporter } from './reporter.ts';
import {
  clickhousePart,
  gatewayPart,
  programPath,
  stackEnvironment,
  type StackPlan,
  studentServerPart,
  temporalPart,
  workerPart,
} from './stack-parts.ts';
import type { Supervision } from './supervision.ts';
import type { Task } from './task-order.ts';

/** One start of a stack. */
export interface StackStart {
  plan: StackPlan;
  reporter: Reporter;
  /** The stack is being stopped. */
  signal: AbortSignal;
  ledger: ChildLedger;
}

/** Preparations side by side, then what needs them; a part that needs nothing of a slow one does not wait for it. */
export function stackTasks(start: StackStart, supervision: Supervision): Task[] {
  const { plan, reporter, signal, ledger } = start;
  const { addresses, inherited, env } = plan;
  const prepare = (name: string, run: (context: PreparationContext) => Promise<string>): Task => ({
    name,
    after: [],
    run: async () => {
      const began = performance.now();
      const result = await run(preparationContext(start, name));
      reporter.prepared(name, (performance.now() - began) / 1000, result);
    },
  });
  const list: Task[] = [];
  const engines: string[] = [];
  if (addresses.temporal) {
    let program = '';
    const binary = async (context: PreparationContext) => {
      const found = await ensureTemporalBinary(context, inherited);
      program = found.program;
      return `from ${found.from === 'PATH' ? 'the PATH' : `the ${found.from}`}`;
    };
    list.push(prepare('temporal-server', binary));
    list.push({ name: 'temporal', after: ['temporal-server'], run: () => supervision.start(temporalPart(plan, program)) });
    engines.push('temporal');
  }
  if (!env.STILLHOUSE_EMBEDDER) list.push(prepare('embedder', (context) => ensureEmbedder(context, inherited)));
  const embedder = env.STILLHOUSE_EMBEDDER ? [] : ['embedder'];
  list.push(prepare('console', (context) => ensureConsole(context, inherited)));
  if (addresses.clickhouse) list.push({ name: 'clickhouse', after: [], run: () => supervision.start(clickhousePart(plan)) });
  const migrations = {
    program: programPath('migrations', plan),
    env: stackEnvironment(plan),
    logs: plan.paths.logs,
    reporter,
    ledger,
    signal,
  };
  list.push({ name: 'migrations', after: addresses.clickhouse ? ['clickhouse'] : [], run: () => runMigrations(migrations) });
  if (addresses.studentServer) list.push({ name: 'student-server', after: [], run: () => supervision.start(studentServerPart(plan)) });
  list.push({ name: 'gateway', after: ['migrations', ...embedder], run: () => supervision.start(gatewayPart(plan)) });
  list.push({ name: 'worker', after: ['migrations', ...engines, ...embedder], run: () => supervision.start(workerPart('worker', plan)) });
  list.push({ name: 'gpu-worker', after: ['migrations', ...engines], run: () => supervision.start(workerPart('gpu-worker', plan)) });
  return list;
}

/** Gigabytes and minutes: only for who trains such students. */
export function languageModelsOnDemand(start: StackStart): OnDemand {
  const { env, inherited } = start.plan;
  const run = async (context: PreparationContext) => {
    await ensureLanguageModelParts(env, context, inherited);
    return 'trainer, built-in base, converters';
  };
  return createOnDemand({
    run: { 'language-model-students': run },
    context: (name) => preparationContext(start, name),
    reporter: start.reporter,
    signal: start.signal,
  });
}

function preparationContext({ plan, reporter, signal, ledger }: StackStart, name: string): PreparationContext {
  return {
    cacheFolder: cacheFolder(plan.env),
    say: (text) => reporter.say(name, text),
    progress: (text) => reporter.progress(name, text),
    signal,
    ledger,
  };
}
