import { isStillhouseError } from '../contracts/errors.ts';
import { loadConfiguration } from '../platform/configuration.ts';
import { loadEnvironment } from '../platform/environment.ts';
import { onShutdown, reportReady } from '../platform/lifecycle.ts';
import { createLogger } from '../platform/logger.ts';
import { runGpuWorker } from './gpu-worker.ts';

async function main(): Promise<void> {
  const env = loadEnvironment();
  const log = createLogger('gpu-worker', env.STILLHOUSE_LOG_LEVEL);
  const configuration = loadConfiguration(env.STILLHOUSE_CONFIG);
  const stop = new AbortController();
  const running = runGpuWorker({ env, configuration, inherited: process.env, log, signal: stop.signal, onReady: reportReady });
  onShutdown(async () => {
    stop.abort();
    await running;
  });
  await running;
}

main().catch((error: unknown) => {
  console.error(isStillhouseError(error) ? error.message : error);
  process.exit(1);
});
