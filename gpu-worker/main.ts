import { loadEnvironment } from '../platform/environment.ts';
import { onShutdown, reportReady } from '../platform/lifecycle.ts';
import { createLogger } from '../platform/logger.ts';
import { runGpuWorker } from './gpu-worker.ts';

const env = loadEnvironment();
const log = createLogger('gpu-worker', env.STILLHOUSE_LOG_LEVEL);
const stop = new AbortController();
const running = runGpuWorker({ env, log, signal: stop.signal, onReady: reportReady });
onShutdown(async () => {
  stop.abort();
  await running;
});
await running;
