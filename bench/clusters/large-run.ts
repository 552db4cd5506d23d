import { monitorEventLoopDelay } from 'node:perf_hooks';
import { clusterOnThread } from '../../activities/clusters/cluster-on-thread.ts';
import { type Matrix, stackRows } from '../../core/learning/matrix.ts';
import { seededRandom } from '../../core/random.ts';
import type { Logger } from '../../platform/logger.ts';
import { withNoise } from './peers.ts';

const ROWS = 20_000;

/**
 * Both files' 13,083 messages and 6,917 more that are some of them with noise (cosine about .95 to their first), clustered on a
 * thread as the activity does; how long this thread's event loop stood still meanwhile.
 */
export async function largeRun(train: Matrix, test: Matrix, log: Logger) {
  const vectors = withNoise(stackRows(train, test), ROWS, 0.06, seededRandom(1));
  const loop = monitorEventLoopDelay({ resolution: 5 });
  const before = process.memoryUsage.rss();
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 100);
  loop.enable();
  const began = performance.now();
  const pulse = { signal: new AbortController().signal, progress: () => undefined };
  const { clusters } = await clusterOnThread({ vectors, options: {} }, { log, threads: 2 }, pulse);
  const seconds = (performance.now() - began) / 1000;
  loop.disable();
  clearInterval(watch);
  return { clusters: clusters.length, seconds, peakMb: Math.round(peak / 1e6), longestMs: loop.max / 1e6 };
}
