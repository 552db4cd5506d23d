import { readdirSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { loadEnvironment } from '../../platform/environment.ts';
import { homePaths } from '../../platform/home.ts';
import { onShutdown, reportReady } from '../../platform/lifecycle.ts';
import { createLogger } from '../../platform/logger.ts';
import { runMainWorker } from '../../worker/main-worker.ts';

// The worker of queue `stillhouse` that ends itself by SIGKILL at one named point: `node killed-worker.ts trainEncoder
// embeddings` dies when a file whose path holds `embeddings` lies in its home while `trainEncoder` runs, and `node
// killed-worker.ts curate end` when `curate` has done everything but say so.
const [activity, point, bundle] = process.argv.slice(2);
const env = loadEnvironment();
const paths = homePaths(env);
const die = () => process.kill(process.pid, 'SIGKILL');

async function dieWhenWritten(part: string): Promise<void> {
  for (;;) {
    if (readdirSync(paths.home, { recursive: true, encoding: 'utf8' }).some((path) => path.includes(part))) die();
    await wait(1);
  }
}

const log = createLogger('worker', env.STILLHOUSE_LOG_LEVEL);
const stop = new AbortController();
const running = runMainWorker({
  env,
  paths,
  log,
  signal: stop.signal,
  onReady: reportReady,
  workflowCode: { workflowBundle: { codePath: bundle! } },
  aroundActivities: [
    ({ info }) => ({
      inbound: {
        async execute(input, next) {
          if (info.activityType !== activity) return next(input);
          if (point !== 'end') void dieWhenWritten(point!);
          const result = await next(input);
          // What was watched for can come and go within a millisecond; then it dies here.
          die();
          return result;
        },
      },
    }),
  ],
});
onShutdown(async () => {
  stop.abort();
  await running;
});
await running;
