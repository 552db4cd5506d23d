import { z } from 'zod';

/** What a GPU worker trains on, as its probe found it. */
export const Device = z.object({
  kind: z.enum(['cuda', 'cpu']),
  /** Of the card, or of the processor. */
  name: z.string(),
  /** Cards, or cores. */
  count: z.number().int().positive(),
  /** Of one card, or of the machine. */
  memoryBytes: z.number().nonnegative(),
  freeBytes: z.number().nonnegative(),
  /** CUDA compute capability, such as "9.0"; null on a CPU. */
  computeCapability: z.string().nullable(),
  /** Why it is this device and not another; empty where nothing is to be said. */
  note: z.string(),
});
export type Device = z.infer<typeof Device>;
