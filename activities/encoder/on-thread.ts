import type { Logger } from '../../platform/logger.ts';
import { createThreadPool } from '../../serving/thread-pool.ts';
import type { StagePulse } from './encoder-deps.ts';

/** Has a thread of its own do one piece of work; ends it where the stage is told to end. */
export async function onThread<Answer>(
  thread: { program: URL; threads: number; name: string; log: Logger },
  request: object,
  pulse: StagePulse,
): Promise<Answer> {
  const { program, threads, name, log } = thread;
  const pool = createThreadPool({ program, data: { threads }, threads: 1, name, log });
  try {
    const aborted = new Promise<never>((_, reject) => {
      pulse.signal.addEventListener('abort', () => reject(pulse.signal.reason as Error), { once: true });
    });
    pulse.signal.throwIfAborted();
    return await Promise.race([pool.call<Answer>(request), aborted]);
  } finally {
    await pool.close();
  }
}
