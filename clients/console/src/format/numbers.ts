/** A count with thousands separators; `–` where unknown. */
export function formatCount(count: number | null | undefined): string {
  return count === null || count === undefined ? '–' : Math.round(count).toLocaleString('en-US');
}

/** A share (0 to 1) as a percentage. */
export function formatPercent(share: number | null | undefined, digits = 1): string {
  return share === null || share === undefined || !Number.isFinite(share) ? '–' : `${(share * 100).toFixed(digits)} %`;
}

/** A share of the calls, without decimals where it needs none: `95 %`, `2.5 %`. */
export function formatShare(share: number): string {
  const percent = share * 100;
  return formatPercent(share, Math.abs(percent - Math.round(percent)) < 0.05 ? 0 : 1);
}

/** Percentage points with their sign, a real minus included: `+0.4`, `−1.2`, `0.0`. */
export function formatPoints(points: number, digits = 1): string {
  const text = Math.abs(points).toFixed(digits);
  if (Number(text) === 0) return text;
  return `${points < 0 ? '−' : '+'}${text}`;
}

/** `1,240 B`, `38.2 kB`, `4.1 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return unit === 0 ? `${formatCount(size)} B` : `${size.toFixed(1)} ${units[unit]}`;
}

/** How many times smaller `b` is than `a`: `410×`, `2.4×`; null where it says nothing. */
export function formatTimes(a: number | null, b: number | null): string | null {
  if (a === null || b === null || a <= 0 || b <= 0) return null;
  const times = a / b;
  return `${times >= 10 ? formatCount(times) : times.toFixed(1)}×`;
}

/** `1 row`, `12 rows`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** Weights of a model: `2.6 M`, `596 M`, `8.0 B`. */
export function formatParameters(parameters: number): string {
  if (parameters >= 1e9) return `${(parameters / 1e9).toFixed(1)} B`;
  return `${(parameters / 1e6).toFixed(parameters < 10e6 ? 1 : 0)} M`;
}
