import type { Overview } from '../../../../contracts/http.ts';

const HOUR_MS = 3_600_000;

/** One bar of the charts. */
export interface Hour {
  at: string;
  ok: number;
  errors: number;
  costUsd: number;
}

/** The 24 hours up to `nowMs`, oldest first: those without a call are zero, so that time is to scale. */
export function lastHours(byHour: Overview['byHour'], nowMs: number): Hour[] {
  const known = new Map(byHour.map((hour) => [Math.floor(Date.parse(hour.at) / HOUR_MS), hour]));
  const last = Math.floor(nowMs / HOUR_MS);
  return Array.from({ length: 24 }, (_, i) => {
    const number = last - 23 + i;
    const hour = known.get(number);
    const errors = hour?.errors ?? 0;
    return { at: new Date(number * HOUR_MS).toISOString(), ok: (hour?.calls ?? 0) - errors, errors, costUsd: hour?.costUsd ?? 0 };
  });
}
