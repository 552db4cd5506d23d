let cachedMs = Number.NaN;
let cachedText = '';

/** `YYYY-MM-DD hh:mm:ss.SSS` in UTC: ClickHouse's way to write a DateTime64(3). */
export function clickHouseTime(ms: number): string {
  if (ms !== cachedMs) {
    cachedMs = ms;
    cachedText = new Date(ms).toISOString().replace('T', ' ').slice(0, 23);
  }
  return cachedText;
}
