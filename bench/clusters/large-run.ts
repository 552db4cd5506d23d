import { clusterOnThread } from '../../activities/clusters/cluster-on-thread.ts';
import { type Matrix, stackRows } from '../../core/learning/matrix.ts';
import { seededRandom } from '../../core/random.ts';
import type { Logger } from '../../platform/logger.ts';
import { withNoise } from './peers.ts';

const ROWS = 20_000;

/**
 * Both files' 13,083 messages and 6,917 more that are some of them with noise (cosine about .95 to their first), clustered on a
 * thread as the activity does. `blockedMs`: the longest that this thread itself computed between two turns of its event
 * loop; `longestMs`: the longest between two turns, waiting for a core included.
 */
export async function largeRun(train: Matrix, test: Matrix, log: Logger) {
  const vectors = withNoise(stackRows(train, test), ROWS, 0.06, seededRandom(1));
  const figures = { peakMb: 0, blockedMs: 0, longestMs: 0 };
  const began = performance.now();
  let last = { at: began, cpu: cpuMs() };
  const look = () => {
    const now = { at: performance.now(), cpu: cpuMs() };
    figures.blockedMs = Math.max(figures.blockedMs, now.cpu - last.cpu);
    figures.longestMs = Math.max(figures.longestMs, now.at - last.at);
    figures.peakMb = Math.max(figures.peakMb, Math.round(process.memoryUsage.rss() / 1e6));
    last = now;
  };
  const watch = setInterval(look, 5);
  const pulse = { signal: new AbortController().signal, progress: () => undefined };
  const { clusters } = await clusterOnThread({ vectors, options: {} }, { log }, pulse);
  look();
  clearInterval(watch);
  return { clusters: clusters.length, seconds: (performance.now() - began) / 1000, ...figures };
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
