import { setTimeout as wait } from 'node:timers/promises';

const LOOK_EVERY_MS = 25;

/** Asks until there is an answer (neither null, undefined nor false), and returns it. Throws with `what` when time is up. */
export async function until<T>(what: string, ask: () => T | Promise<T>, timeoutMs = 60_000): Promise<Exclude<T, null | undefined | false>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) return answer as Exclude<T, null | undefined | false>;
    if (performance.now() > deadline) throw new Error(`Waited ${timeoutMs / 1000} s in vain: ${what}`);
    await wait(LOOK_EVERY_MS);
  }
}
