const UNITS: [limitS: number, seconds: number, unit: string][] = [
  [60, 1, 's'],
  [3600, 60, 'min'],
  [86_400, 3600, 'h'],
  [Infinity, 86_400, 'd'],
];

/** How long ago, in one unit: `12 s ago`, `3 h ago`. */
export function ago(iso: string, nowMs: number): string {
  const seconds = Math.max(0, (nowMs - Date.parse(iso)) / 1000);
  if (seconds < 1) return 'just now';
  const [, size, unit] = UNITS.find(([limit]) => seconds < limit)!;
  return `${Math.floor(seconds / size)} ${unit} ago`;
}

/** A span of time: `840 ms`, `42 s`, `3 min 05 s`, `2 h 10 min`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** Dollars, with as many digits as small sums need; `–` where the price is unknown. */
export function usd(amount: number | null): string {
  if (amount === null) return '–';
  if (amount === 0) return '$0';
  if (amount < 0.01) return `$${Number(amount.toPrecision(2)).toFixed(Math.min(8, 1 - Math.floor(Math.log10(amount))))}`;
  return `$${amount.toFixed(amount < 1 ? 3 : 2)}`;
}

/** A share as a percentage: 0.9412 → `94.1 %`. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** Percentage points with their sign: `+1.3`, `−0.4`. */
export function points(value: number): string {
  const text = Math.abs(value).toFixed(1);
  return value < 0 ? `−${text}` : `+${text}`;
}

/** Milliseconds for people; `–` where unknown. */
export function milliseconds(ms: number | null): string {
  if (ms === null) return '–';
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** A count with thin groups: 1294 → `1,294`. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** Bytes for people. */
export function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  const steps = ['kB', 'MB', 'GB', 'TB'];
  const step = Math.min(steps.length - 1, Math.floor(Math.log10(value) / 3) - 1);
  return `${(value / 1000 ** (step + 1)).toFixed(1)} ${steps[step]}`;
}

/** One line of at most `width` characters. */
export function clip(text: string, width: number): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= width ? line : `${line.slice(0, Math.max(1, width - 1))}…`;
}
