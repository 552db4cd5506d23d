import { availableParallelism } from 'node:os';
import { createLanguageModelEngine } from '../../serving/language-model/engine.ts';
import type { LanguageModelEngine } from '../../serving/language-model/engine-contract.ts';
import type { StudentDeps } from './student-deps.ts';

/** Runs work on an engine of its own, and gives its memory back: the device is for the next training. */
export async function withEngine<T>(deps: StudentDeps, work: (engine: LanguageModelEngine) => Promise<T>): Promise<T> {
  const engine = createLanguageModelEngine({
    artifacts: deps.artifacts,
    folder: deps.modelFolder,
    gpu: deps.device === 'cpu' ? false : deps.device,
    threads: availableParallelism(),
    log: deps.log,
  });
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}
