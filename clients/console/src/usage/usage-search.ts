import type { UsageRow } from '../../../../contracts/usage.ts';
import type { TraceSearch } from '../traces/trace-search.ts';

/** Spans to choose from, in days. */
export const SPANS = { '24h': 1, '7d': 7, '30d': 30, '90d': 90 } as const;
/** Key of a span. */
export type Span = keyof typeof SPANS;

// Written out: the contracts' own lists would bring zod into the browser.
/** What calls can be grouped by, in words. */
export const GROUPS = {
  model: 'Model',
  alias: 'Alias',
  provider: 'Provider',
  key: 'Key',
  user: 'User',
  metadata: 'Metadata',
  cluster: 'Cluster',
  day: 'Day',
} as const;
/** One of these. */
export type Group = keyof typeof GROUPS;

/** What the address of the page says. */
export interface UsageSearch {
  by?: Group;
  span?: Span;
  /** Whose values calls are grouped by, with `by=metadata`. */
  meta?: string;
}

/** Reads the search parameters; what is not understood is left out. */
export function readUsageSearch({ by, span, meta }: Record<string, unknown>): UsageSearch {
  return {
    ...(typeof by === 'string' && Object.hasOwn(GROUPS, by) && by !== 'model' ? { by: by as Group } : {}),
    ...(typeof span === 'string' && Object.hasOwn(SPANS, span) && span !== '30d' ? { span: span as Span } : {}),
    ...(['string', 'number', 'boolean'].includes(typeof meta) && meta !== '' ? { meta: String(meta) } : {}),
  };
}

/** What a row is of: empty where the calls say nothing of it. */
export function valueOf(row: UsageRow, by: Group, meta: string): string {
  return (by === 'metadata' ? row.metadata?.[meta] : row[by]) ?? '';
}

/** The calls of a row, on the page of traces; null where no filter finds just these. */
export function tracesOf(value: string, { by, meta, since }: { by: Group; meta: string; since: string }): TraceSearch | null {
  if (by === 'day') return { since: `${value}T00:00:00.000Z`, until: new Date(Date.parse(value) + 86_400_000).toISOString() };
  if (value === '') return null;
  return by === 'metadata' ? { meta: `${meta}=${value}`, since } : { [by]: value, since };
}

/** Every day of a span up to now, those without calls too, as UTC counts them. */
export function daysOf(rows: readonly UsageRow[], span: Span, nowMs: number): { day: string; costUsd: number }[] {
  const costs = new Map(rows.map(({ day, costUsd }) => [day, costUsd]));
  return Array.from({ length: SPANS[span] }, (_, i) => {
    const day = new Date(nowMs - (SPANS[span] - 1 - i) * 86_400_000).toISOString().slice(0, 10);
    return { day: day.slice(5), costUsd: costs.get(day) ?? 0 };
  });
}
