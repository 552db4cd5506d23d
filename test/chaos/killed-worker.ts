import { loadConfiguration } from '../../platform/configuration.ts';
import { loadEnvironment } from '../../platform/environment.ts';
import { homePaths } from '../../platform/home.ts';
import { onShutdown, reportReady } from '../../platform/lifecycle.ts';
import { createLogger } from '../../platform/logger.ts';
import { runMainWorker } from '../../worker/main-worker.ts';
import { dieAt } from './die-at.ts';

// The worker of queue `stillhouse` that ends itself by SIGKILL at one named point: `node killed-worker.ts trainEncoder
// embeddings <bundle>` or `node killed-worker.ts curate end <bundle>`.
const [activity, point, bundle] = process.argv.slice(2);
const env = loadEnvironment();
const paths = homePaths(env);
const log = createLogger('worker', env.STILLHOUSE_LOG_LEVEL);
const stop = new AbortController();
const running = runMainWorker({
  env,
  configuration: loadConfiguration(env.STILLHOUSE_CONFIG),
  secret: (name) => process.env[name],
  paths,
  log,
  signal: stop.signal,
  onReady: reportReady,
  workflowCode: { workflowBundle: { codePath: bundle! } },
  aroundActivities: [dieAt(activity!, point!, paths.home)],
});
onShutdown(async () => {
  stop.abort();
  await running;
});
await running;
