import { runGpuWorker } from '../../gpu-worker/gpu-worker.ts';
import { loadConfiguration } from '../../platform/configuration.ts';
import { loadEnvironment } from '../../platform/environment.ts';
import { homePaths } from '../../platform/home.ts';
import { onShutdown, reportReady } from '../../platform/lifecycle.ts';
import { createLogger } from '../../platform/logger.ts';
import { dieAt } from './die-at.ts';

// The worker of queue `cuda` that ends itself by SIGKILL at one named point: `node killed-gpu-worker.ts trainStudent step-`.
const [activity, point] = process.argv.slice(2);
const env = loadEnvironment();
const log = createLogger('gpu-worker', env.STILLHOUSE_LOG_LEVEL);
const stop = new AbortController();
const running = runGpuWorker({
  env,
  configuration: loadConfiguration(env.STILLHOUSE_CONFIG),
  inherited: process.env,
  log,
  signal: stop.signal,
  onReady: reportReady,
  aroundActivities: [dieAt(activity!, point!, homePaths(env).home)],
});
onShutdown(async () => {
  stop.abort();
  await running;
});
await running;
