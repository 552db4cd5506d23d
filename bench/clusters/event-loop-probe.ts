/**
 * Loaded into the worker's process (`NODE_OPTIONS=--import`): watches its event loop, and once a second writes what it saw
 * into the file that `LOOP_PROBE` names. A turn's CPU is this thread's own, so that waiting for a core is not counted.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

/** A stretch of time in which the loop came back late. */
export interface LongTurn {
  /** Milliseconds since 1970, at its end. */
  at: number;
  /** What the thread itself computed, its garbage collected included. */
  cpuMs: number;
  /** Waiting for a core included. */
  wallMs: number;
}

export interface LoopFigures {
  turns: LongTurn[];
  /** Resident memory of the whole process, all its threads, at most. */
  peakMb: number;
  /** Milliseconds since 1970. */
  writtenAt: number;
}

/** Shorter ones say nothing: the timer itself runs every 5 ms. */
const LONG_MS = 15;
const file = process.env['LOOP_PROBE'];

if (isMainThread && file !== undefined) watch(file);

function watch(path: string): void {
  const figures: LoopFigures = { turns: [], peakMb: 0, writtenAt: 0 };
  let last = { at: performance.now(), cpu: cpuMs() };
  setInterval(() => {
    const now = { at: performance.now(), cpu: cpuMs() };
    const [cpuSpent, wallMs] = [now.cpu - last.cpu, now.at - last.at];
    if (Math.max(cpuSpent, wallMs) > LONG_MS) figures.turns.push({ at: performance.timeOrigin + now.at, cpuMs: cpuSpent, wallMs });
    last = now;
  }, 5).unref();
  setInterval(() => {
    figures.peakMb = Math.max(figures.peakMb, process.resourceUsage().maxRSS / 1000);
    figures.writtenAt = Date.now();
    writeFileSync(`${path}.part`, JSON.stringify(figures));
    renameSync(`${path}.part`, path);
    last = { at: performance.now(), cpu: cpuMs() };
  }, 1_000).unref();
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
