import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../../contracts/environment.ts';
import type { homePaths } from '../../platform/home.ts';
import { devServerArguments, isDevServerReady } from '../temporal/dev-server.ts';
import type { LanguageModelParts } from '../language-model/language-model-parts.ts';
import type { PartDefinition } from './part-definition.ts';
import type { StackAddresses } from './stack-addresses.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The programs of the product that a stack runs, by their paths in the repository. */
export const PROGRAMS = {
  clickhouse: 'infra/clickhouse/main.ts',
  migrations: 'store/clickhouse/migrate.ts',
  gateway: 'gateway/main.ts',
  worker: 'worker/main.ts',
  'gpu-worker': 'gpu-worker/main.ts',
  'student-server': 'serving/student-server/main.ts',
};
export type Programs = Readonly<typeof PROGRAMS>;

/** Everything that the parts of one stack are made of. */
export interface StackPlan {
  env: Environment;
  /** The supervisor's own environment: providers' keys and the like reach the parts through it. */
  inherited: NodeJS.ProcessEnv;
  paths: ReturnType<typeof homePaths>;
  programs: Programs;
  addresses: StackAddresses;
  serviceKey: string;
  embedder: string;
  /** Where they are or will be once they are needed. */
  languageModels: LanguageModelParts;
}

// The gateway drains for 8 s and ships for 4. 9 + 13 + 7 seconds: also the slowest stop is over within half a minute.
const TIERS = { engines: { tier: 0, graceMs: 7_000 }, gateway: { tier: 1, graceMs: 13_000 }, workers: { tier: 2, graceMs: 9_000 } };

/** What every part finds in its environment. */
export function stackEnvironment(plan: StackPlan): NodeJS.ProcessEnv {
  const { env, addresses } = plan;
  const shared: NodeJS.ProcessEnv = {
    ...plan.inherited,
    STILLHOUSE_SUPERVISED: '1',
    STILLHOUSE_HOME: plan.paths.home,
    STILLHOUSE_CONFIG: resolve(env.STILLHOUSE_CONFIG),
    STILLHOUSE_HOST: addresses.gateway.host,
    STILLHOUSE_PORT: String(addresses.gateway.port),
    STILLHOUSE_GATEWAY_URL: addresses.gateway.url,
    STILLHOUSE_SERVICE_KEY: plan.serviceKey,
    STILLHOUSE_EMBEDDER: plan.embedder,
    STILLHOUSE_TRAINER: plan.languageModels.trainer,
    STILLHOUSE_BASE: plan.languageModels.base,
    STILLHOUSE_CONVERTERS: plan.languageModels.converters,
  };
  if (addresses.studentServer) shared['STILLHOUSE_STUDENT_URLS'] = addresses.studentServer.url;
  if (addresses.clickhouse) shared['CLICKHOUSE_URL'] = addresses.clickhouse.url;
  if (addresses.temporal) {
    // What is set for another server (TLS, an API key) would be sent to the embedded one.
    for (const name of Object.keys(shared)) if (name.startsWith('TEMPORAL_')) delete shared[name];
    shared['TEMPORAL_ADDRESS'] = addresses.temporal.address;
    shared['TEMPORAL_NAMESPACE'] = 'default';
    shared['STILLHOUSE_TEMPORAL_UI'] = addresses.temporal.uiUrl;
  }
  return shared;
}

/** Temporal's development server. */
export function temporalPart(plan: StackPlan, program: string): PartDefinition {
  const { address, port, uiPort } = plan.addresses.temporal!;
  return {
    name: 'temporal',
    program,
    args: devServerArguments({ folder: plan.paths.temporal, port, uiPort }),
    env: plan.inherited,
    address,
    ready: () => isDevServerReady(address),
    ...TIERS.engines,
  };
}

/** The embedded ClickHouse. */
export function clickhousePart(plan: StackPlan): PartDefinition {
  const { port, url } = plan.addresses.clickhouse!;
  // Every query occupies a thread of the pool while it runs; four would make a fifth wait.
  const more = { STILLHOUSE_CLICKHOUSE_PORT: String(port), UV_THREADPOOL_SIZE: '16' };
  return { name: 'clickhouse', address: url, ...ours('clickhouse', plan, more), ...TIERS.engines };
}

/** The gateway. */
export function gatewayPart(plan: StackPlan): PartDefinition {
  return { name: 'gateway', address: plan.addresses.gateway.url, ...ours('gateway', plan), ...TIERS.gateway };
}

/** The workers: they listen on nothing. */
export function workerPart(name: 'worker' | 'gpu-worker', plan: StackPlan): PartDefinition {
  return { name, address: null, ...ours(name, plan), ...TIERS.workers };
}

/** The student server. The gateway, while it drains, still asks it: it is stopped after. */
export function studentServerPart(plan: StackPlan): PartDefinition {
  const { port, url } = plan.addresses.studentServer!;
  // Only this machine's gateway and worker ask it, whoever the gateway itself is open to.
  const more = { STILLHOUSE_STUDENT_SERVER_PORT: String(port), STILLHOUSE_HOST: '127.0.0.1' };
  return { name: 'student-server', address: url, ...ours('student-server', plan, more), ...TIERS.engines };
}

/** Path of one of our programs. */
export function programPath(name: keyof Programs, plan: StackPlan): string {
  return resolve(ROOT, plan.programs[name]);
}

function ours(name: keyof Programs, plan: StackPlan, more: NodeJS.ProcessEnv = {}) {
  return {
    program: process.execPath,
    args: [programPath(name, plan)],
    env: { ...stackEnvironment(plan), ...more },
    ready: 'message' as const,
  };
}
