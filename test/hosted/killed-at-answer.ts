import { loadEnvironment } from '../../platform/environment.ts';
import { homePaths } from '../../platform/home.ts';
import { onShutdown, reportReady } from '../../platform/lifecycle.ts';
import { createLogger } from '../../platform/logger.ts';
import { runMainWorker } from '../../worker/main-worker.ts';

// The worker of queue `stillhouse` that ends itself by SIGKILL when one request of its has been answered: `node
// killed-at-answer.ts POST /files` dies when the provider has taken the first file and before anything of ours knows it.
const [method, end] = process.argv.slice(2);
const ask = globalThis.fetch;
globalThis.fetch = async (...given) => {
  const response = await ask(...given);
  const [url, init] = given;
  if (init?.method?.toUpperCase() === method && (url as URL | string).toString().endsWith(end!)) {
    // The answer is here, to its last byte.
    await response.clone().arrayBuffer();
    process.kill(process.pid, 'SIGKILL');
  }
  return response;
};

const env = loadEnvironment();
const log = createLogger('worker', env.STILLHOUSE_LOG_LEVEL);
const stop = new AbortController();
const running = runMainWorker({
  env,
  configuration: { webhooks: [] },
  secret: () => undefined,
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
