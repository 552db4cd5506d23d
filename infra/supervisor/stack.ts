import type { Environment } from '../../contracts/environment.ts';
import type { Part } from '../../contracts/names.ts';
import { loadConfiguration } from '../../platform/configuration.ts';
import { exclusiveLock, type ExclusiveLock } from '../../platform/exclusive-lock.ts';
import { cacheFolder, homePaths } from '../../platform/home.ts';
import { secretFile } from '../../platform/secrets.ts';
import { removeLeftStaging } from '../backup/staging.ts';
import { embedderFolder } from '../embedder/embedder.ts';
import { languageModelParts } from '../language-model/language-model-parts.ts';
import { type ChildLedger, endLeftBehind, openChildLedger } from '../processes/child-ledger.ts';
import { devServerLock } from '../temporal/dev-server.ts';
import { endOrphanedDevServer } from '../temporal/orphaned-server.ts';
import { checkDisk, checkHome, checkPorts, checkRestored } from './preflight.ts';
import type { Reporter } from './reporter.ts';
import { chooseAddresses, type StackAddresses, stackPorts } from './stack-addresses.ts';
import { type Programs, PROGRAMS, type StackPlan } from './stack-parts.ts';
import { languageModelsOnDemand, type StackStart, stackTasks } from './stack-tasks.ts';
import { createSupervision } from './supervision.ts';
import { runInOrder } from './task-order.ts';

/** A whole system on one machine, running. */
export interface Stack {
  /** What `run/parts.json` says. */
  parts(): Part[];
  addresses: StackAddresses;
  /** Stops all in reverse order and leaves nothing behind. */
  stop(): Promise<void>;
}

/** What a stack is started with. */
export interface StackOptions {
  env: Environment;
  /** `process.env` of the program: the parts inherit it. */
  inherited: NodeJS.ProcessEnv;
  reporter: Reporter;
  /** Stops a start that is under way; `startStack` then rejects once everything is stopped. */
  signal: AbortSignal;
  /** Other programs in the parts' places, for tests of the supervisor itself. */
  programs?: Programs;
}

/** What is left of a supervisor that was killed may still be shutting down. */
const LEFT_BEHIND_GRACE_MS = 8_000;

/**
 * Starts every part that is not external and waits until each serves. Refusals (a port taken, a home in use, no
 * Python) are `StillhouseError`s of one sentence; nothing is left running after one.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { env, reporter } = options;
  const paths = homePaths(env);
  checkHome(paths.home);
  checkDisk(paths.home);
  loadConfiguration(env.STILLHOUSE_CONFIG);
  const addresses = await chooseAddresses(env);
  const locks = [exclusiveLock(paths.lock, holder(addresses), `The home ${paths.home}`)];
  try {
    const ledgerFile = paths.children;
    const say = (text: string) => reporter.say('supervisor', text);
    checkRestored(paths);
    removeLeftStaging(paths);
    const left = await endLeftBehind(ledgerFile, LEFT_BEHIND_GRACE_MS, say);
    if (addresses.temporal) {
      locks.push(exclusiveLock(devServerLock(paths.temporal), `process ${process.pid}`, `Temporal's data in ${paths.temporal}`));
      // The ledger may be lost, and unlike our own programs the server does not end with its supervisor.
      if (await endOrphanedDevServer(paths.temporal, LEFT_BEHIND_GRACE_MS)) left.push('temporal');
    }
    if (left.length > 0) say(`ended what the last one left behind: ${left.join(', ')}`);
    await checkPorts(stackPorts(addresses));
    const serviceKey = env.STILLHOUSE_SERVICE_KEY ?? secretFile(paths.serviceKey, 'sk-service');
    const plan: StackPlan = {
      env,
      inherited: options.inherited,
      paths,
      programs: options.programs ?? PROGRAMS,
      addresses,
      serviceKey,
      embedder: embedderOf(env),
      languageModels: languageModelParts(env),
    };
    const ledger = openChildLedger(ledgerFile, { onTrouble: say });
    return await startParts(plan, options, ledger, () => release(locks));
  } catch (error) {
    release(locks);
    throw error;
  }
}

async function startParts(plan: StackPlan, options: StackOptions, ledger: ChildLedger, onStopped: () => void): Promise<Stack> {
  const { reporter } = options;
  const background = new AbortController();
  const signal = AbortSignal.any([options.signal, background.signal]);
  const start: StackStart = { plan, reporter, signal, ledger };
  const onDemand = languageModelsOnDemand(start);
  const supervision = createSupervision({ partsFile: plan.paths.parts, logs: plan.paths.logs, ledger, reporter, onNeed: onDemand.need });
  // Should this process end by a fault of its own, nothing may stay behind.
  const killAll = () => ledger.killAll();
  process.once('exit', killAll);
  const stop = async () => {
    background.abort(new Error('The stack is being stopped'));
    await supervision.stop();
    // Preparations that were under way: nothing of theirs counts before it is whole.
    ledger.killAll();
    process.off('exit', killAll);
    onStopped();
  };
  if (plan.env.STILLHOUSE_STUDENTS === 'at-start') onDemand.need('language-model-students', () => undefined);
  try {
    const aborted = new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
    );
    await Promise.race([runInOrder(stackTasks(start, supervision), signal), aborted]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { parts: () => supervision.parts(), addresses: plan.addresses, stop };
}

function embedderOf(env: Environment): string {
  return env.STILLHOUSE_EMBEDDER ?? embedderFolder(cacheFolder(env));
}

function holder({ gateway }: StackAddresses): string {
  const since = new Date().toLocaleString('sv-SE');
  return `process ${process.pid}, since ${since}, gateway on port ${gateway.port}`;
}

function release(locks: ExclusiveLock[]): void {
  for (const lock of locks.splice(0)) lock.release();
}
