import type { Llama } from 'node-llama-cpp';
import { StillhouseError } from '../../contracts/errors.ts';
import type { Logger } from '../../platform/logger.ts';

/** llama.cpp as its npm package ships it, loaded on first use: nothing is compiled or downloaded. */
export async function openLlama(options: { gpu: 'auto' | 'cuda' | false; threads: number; log: Logger }): Promise<Llama> {
  const { getLlama, LlamaLogLevel } = await import('node-llama-cpp');
  try {
    return await getLlama({
      gpu: options.gpu,
      build: 'never',
      skipDownload: true,
      progressLogs: false,
      maxThreads: options.threads,
      logLevel: LlamaLogLevel.error,
      logger: (level, message) => options.log.warn({ level, from: 'llama.cpp' }, message.trim()),
    });
  } catch (error) {
    const where = options.gpu === 'cuda' ? 'with CUDA on this machine (docs/serving.md says which package brings it)' : 'on this machine';
    throw new StillhouseError('unavailable', `llama.cpp cannot run ${where}: ${(error as Error).message}`, {
      cause: error,
      retryable: false,
    });
  }
}

/** What llama.cpp threw while it loaded something, as one of our errors. */
export function loadFailure(error: unknown, what: string): StillhouseError {
  const reason = (error as Error).message;
  return (error as Error).constructor.name === 'InsufficientMemoryError'
    ? new StillhouseError('unavailable', `There is no memory for ${what}: ${reason}`, { cause: error })
    : new StillhouseError('artifact_corrupt', `${what} cannot be loaded: ${reason}`, { cause: error });
}
