/** UTC's day (`YYYY-MM-DD`) and month (`YYYY-MM`) of a time. */
export interface Periods {
  day: string;
  month: string;
}

let last: { day: number; periods: Periods } | undefined;

/** The periods of a time in milliseconds since 1970; nearly all calls are of the day of the one before. */
export function periodsOf(atMs: number): Periods {
  const day = Math.floor(atMs / 86_400_000);
  if (last?.day !== day) {
    const text = new Date(day * 86_400_000).toISOString();
    last = { day, periods: Object.freeze({ day: text.slice(0, 10), month: text.slice(0, 7) }) };
  }
  return last.periods;
}

/** Begin of a period in milliseconds since 1970. */
export function beginOf(period: string): number {
  return Date.parse(`${period.length === 7 ? `${period}-01` : period}T00:00:00Z`);
}

/** End of a period, and begin of the next. */
export function endOf(period: string): number {
  const begin = new Date(beginOf(period));
  return period.length === 7 ? Date.UTC(begin.getUTCFullYear(), begin.getUTCMonth() + 1, 1) : begin.getTime() + 86_400_000;
}
