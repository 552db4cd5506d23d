import type { Part } from '../../contracts/names.ts';

/** Strikes a random part with SIGKILL every `everyMs`, until stopped. */
export function startChaos(parts: () => Part[], everyMs: number, onStrike: (name: string) => void): { strikes(): number; stop(): void } {
  let strikes = 0;
  const timer = setInterval(() => {
    const alive = parts().filter((part) => part.pid !== null);
    const victim = alive[Math.floor(Math.random() * alive.length)];
    if (!victim?.pid) return;
    try {
      process.kill(victim.pid, 'SIGKILL');
      strikes++;
      onStrike(victim.name);
    } catch (error) {
      // It went away between the look and the strike.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }, everyMs);
  return { strikes: () => strikes, stop: () => clearInterval(timer) };
}
