import { loadConfiguration } from '../platform/configuration.ts';
import { loadEnvironment } from '../platform/environment.ts';
import { homePaths } from '../platform/home.ts';
import { onShutdown, reportReady } from '../platform/lifecycle.ts';
import { createLogger } from '../platform/logger.ts';
import { runMainWorker } from './main-worker.ts';

const env = loadEnvironment();
const log = createLogger('worker', env.STILLHOUSE_LOG_LEVEL);
const stop = new AbortController();
const running = runMainWorker({
  env,
  configuration: loadConfiguration(env.STILLHOUSE_CONFIG),
  secret: (name) => process.env[name],
  paths: homePaths(env),
  log,
  signal: stop.signal,
  onReady: reportReady,
});
onShutdown(async () => {
  stop.abort();
  await running;
});
await running;
