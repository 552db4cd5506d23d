import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PartName } from '../../contracts/names.ts';
import { startSupervisor, type SupervisorProcess, temporaryHome } from './supervisor.ts';
import { until } from './until.ts';

const REAL = {
  clickhouse: 'real',
  migrations: 'real',
  gateway: 'real',
  worker: 'real',
  'gpu-worker': 'real',
  'student-server': 'real',
} as const;

/** The whole product on free ports, in a home of its own, under the real supervisor. */
export interface TestStack extends SupervisorProcess {
  /** The gateway's address; the same over its restarts. */
  url: string;
  adminKey: string;
  /** SIGKILL to the part; resolves when it serves again. */
  strike(name: PartName): Promise<void>;
  /** Ctrl-C; resolves when everything has ended. */
  stop(): Promise<void>;
}

/** Starts it and waits until every part serves and the gateway says that it is ready. */
export async function startTestStack(options: { configuration?: string; env?: NodeJS.ProcessEnv; home?: string } = {}): Promise<TestStack> {
  const home = options.home ?? temporaryHome();
  if (options.configuration !== undefined) writeFileSync(join(home, 'stillhouse.yaml'), options.configuration);
  const adminKey = `sk-test-${randomUUID()}`;
  const supervisor = startSupervisor(home, REAL, { TEMPORAL_ADDRESS: '', STILLHOUSE_ADMIN_KEY: adminKey, ...options.env });
  const running = await until('the stack runs', () => {
    const parts = supervisor.parts();
    return parts.length > 0 && supervisor.output().includes('Stillhouse runs') ? parts : null;
  }).catch((error: unknown) => {
    throw new Error(supervisor.output(), { cause: error });
  });
  const url = running.find((part) => part.name === 'gateway')!.address!;
  await until('the gateway is ready', async () => (await fetch(`${url}/readyz`)).ok);
  return {
    ...supervisor,
    url,
    adminKey,
    strike: async (name) => {
      const pid = await supervisor.serving(name);
      process.kill(pid, 'SIGKILL');
      await supervisor.serving(name, pid);
    },
    stop: async () => {
      supervisor.signal('SIGINT');
      await supervisor.exited;
    },
  };
}
