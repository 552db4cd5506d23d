import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import type { Device } from '../../contracts/devices.ts';

/** The processor of this machine, as a device to train on. */
export function thisProcessor(): Device {
  return {
    kind: 'cpu',
    name: cpus()[0]?.model.trim() || 'a processor',
    count: availableParallelism(),
    memoryBytes: totalmem(),
    freeBytes: freemem(),
    computeCapability: null,
    note: '',
  };
}
