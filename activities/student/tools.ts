import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StillhouseError } from '../../contracts/errors.ts';
import type { StudentDeps } from './student-deps.ts';

/** What language-model students need besides Node. */
export interface PreparedTools {
  python: string;
  base: string;
  converters: string;
}

/**
 * The trainer's environment, the built-in base and the converters; where they are missing the supervisor is asked to build
 * them. A worker that is killed while it waits asks again: the build goes on without it.
 */
export async function preparedTools(
  { tools }: StudentDeps,
  pulse: { signal: AbortSignal; progress: (details?: Record<string, number | string>) => void },
): Promise<PreparedTools> {
  const missing = () => [tools.trainer, tools.base, tools.converters].filter((folder) => folder === '' || !existsSync(folder));
  if (missing().length > 0) await tools.prepare({ signal: pulse.signal, onProgress: (text) => pulse.progress({ waitsFor: text }) });
  if (missing().length > 0)
    throw new StillhouseError(
      'unavailable',
      'Language-model students need the trainer\'s Python environment, the base and the converters where the GPU worker runs: "node infra/language-model/prepare.ts" builds them and says what to set.',
      { retryable: false },
    );
  return { python: join(tools.trainer, 'bin', 'python'), base: tools.base, converters: tools.converters };
}
