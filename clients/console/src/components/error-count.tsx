import { formatCount, formatPercent } from '../format/numbers.ts';

/** How many of some calls failed, and what share of them. */
export function ErrorCount({ calls, errors }: { calls: number; errors: number }) {
  if (errors === 0) return <span className="dimmed">0</span>;
  return `${formatCount(errors)} (${formatPercent(errors / calls)})`;
}
