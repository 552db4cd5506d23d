import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Part, PartName } from '../../contracts/names.ts';
import { PROGRAMS, type Programs } from '../../infra/supervisor/stack-parts.ts';
import { until } from './until.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const standIn = (name: string) => join(ROOT, 'test/supervisor/stand-ins', `${name}.ts`);

/** Every part by the name of what stands in for it (a file of `stand-ins/`), or `real`. */
type StandIn = 'steady' | 'crashing' | 'stubborn' | 'once' | 'newer-schema' | 'needy' | 'telling' | 'real';
export type StandIns = Partial<Record<keyof Programs, StandIn>>;

/** A supervisor in a process of its own. */
export interface SupervisorProcess {
  pid: number;
  home: string;
  /** Everything that it has printed. */
  output(): string;
  exited: Promise<number | null>;
  /** `run/parts.json`. */
  parts(): Part[];
  /** Resolves with the part's pid when it serves, and not as `exceptPid`. */
  serving(name: PartName, exceptPid?: number): Promise<number>;
  signal(name: NodeJS.Signals): void;
}

/** A fresh home. */
export function temporaryHome(): string {
  return mkdtempSync(join(tmpdir(), 'stillhouse-home-'));
}

/** Starts the supervisor on free ports, with stand-ins for the parts; Temporal is said to be external unless it is asked for. */
export function startSupervisor(home: string, standIns: StandIns, env: NodeJS.ProcessEnv = {}): SupervisorProcess {
  const all: StandIns = {
    clickhouse: 'steady',
    migrations: 'once',
    gateway: 'steady',
    worker: 'steady',
    'gpu-worker': 'steady',
    'student-server': 'steady',
    ...standIns,
  };
  const paths = Object.entries(all).map(([name, kind]) => [name, kind === 'real' ? PROGRAMS[name as keyof Programs] : standIn(kind)]);
  const ports = [
    'STILLHOUSE_PORT',
    'STILLHOUSE_CLICKHOUSE_PORT',
    'STILLHOUSE_TEMPORAL_PORT',
    'STILLHOUSE_TEMPORAL_UI_PORT',
    'STILLHOUSE_STUDENT_SERVER_PORT',
  ];
  const child = spawn(process.execPath, [standIn('supervisor')], {
    // Its stdin is held open for as long as this process lives: see stand-ins/supervisor.ts.
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...Object.fromEntries(ports.map((name) => [name, '0'])),
      STAND_INS: JSON.stringify(Object.fromEntries(paths)),
      STILLHOUSE_HOME: home,
      STILLHOUSE_CONFIG: join(home, 'stillhouse.yaml'),
      TEMPORAL_ADDRESS: '127.0.0.1:9',
      ...env,
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const parts = () => readParts(home);
  return {
    pid: child.pid!,
    home,
    output: () => output,
    exited: new Promise((done) => child.once('close', done)),
    parts,
    serving: (name, exceptPid) =>
      until(`${name} serves\n${output}`, () => {
        const pid = parts().find((part) => part.name === name)?.pid ?? null;
        return pid !== null && pid !== exceptPid ? pid : null;
      }),
    signal: (name) => void child.kill(name),
  };
}

function readParts(home: string): Part[] {
  try {
    return JSON.parse(readFileSync(join(home, 'run', 'parts.json'), 'utf8')) as Part[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
