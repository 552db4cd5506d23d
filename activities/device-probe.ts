import { execFile } from 'node:child_process';
import { cpus, freemem, totalmem } from 'node:os';
import { promisify } from 'node:util';
import type { Device } from '../contracts/devices.ts';
import type { Environment } from '../contracts/environment.ts';
import { StillhouseError } from '../contracts/errors.ts';

const MIB = 1024 ** 2;
const QUERY = ['--query-gpu=name,memory.total,memory.free,compute_cap', '--format=csv,noheader,nounits'];

/** What the probe asks; in a test, recorded answers. */
export interface DeviceProbeDeps {
  device: Environment['STILLHOUSE_DEVICE'];
  /** Output of `nvidia-smi` with these arguments; rejects where there is none. */
  nvidiaSmi?: (args: string[]) => Promise<string>;
}

export type DeviceProbeActivity = ReturnType<typeof createDeviceProbeActivity>;

export function createDeviceProbeActivity(deps: DeviceProbeDeps) {
  const nvidiaSmi = deps.nvidiaSmi ?? runNvidiaSmi;
  return {
    /** The device that this worker would train on. Safe to retry because it only looks. */
    async deviceProbe(): Promise<Device> {
      if (deps.device === 'cpu') return cpu('STILLHOUSE_DEVICE asks for the CPU');
      let output: string;
      try {
        output = await nvidiaSmi(QUERY);
      } catch (error) {
        if (deps.device === 'auto') return cpu('no NVIDIA driver answers');
        throw new StillhouseError(
          'unavailable',
          'STILLHOUSE_DEVICE=cuda, but nvidia-smi does not answer: install the driver, or set it to auto or cpu',
          {
            cause: error,
            retryable: false,
          },
        );
      }
      const cards = parseCards(output);
      if (cards[0]) return { ...cards[0], count: cards.length };
      if (deps.device === 'auto') return cpu('the NVIDIA driver lists no card');
      throw new StillhouseError('unavailable', 'STILLHOUSE_DEVICE=cuda, but the NVIDIA driver lists no card', { retryable: false });
    },
  };
}

/** Lines of `name, total MiB, free MiB, compute capability`. */
function parseCards(output: string): Device[] {
  return output
    .split('\n')
    .map((line) => line.split(',').map((cell) => cell.trim()))
    .flatMap(([name, total, free, computeCapability]) => {
      const memoryBytes = Number(total) * MIB;
      const freeBytes = Number(free) * MIB;
      if (!name || !Number.isFinite(memoryBytes) || !Number.isFinite(freeBytes)) return [];
      return [{ kind: 'cuda' as const, name, count: 1, memoryBytes, freeBytes, computeCapability: computeCapability ?? null, note: '' }];
    });
}

function cpu(note: string): Device {
  const cores = cpus();
  return {
    kind: 'cpu',
    name: cores[0]?.model.trim() ?? 'unknown',
    count: Math.max(1, cores.length),
    memoryBytes: totalmem(),
    freeBytes: freemem(),
    computeCapability: null,
    note,
  };
}

async function runNvidiaSmi(args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('nvidia-smi', args, { timeout: 10_000 });
  return stdout;
}
