import type { Usage, UsageGroup, UsageQuery } from '../../contracts/usage.ts';
import type { Transport } from './transport.ts';

/** What usage may be asked by; nothing in `by` = one row of totals. */
export type UsageFilter = Partial<Omit<UsageQuery, 'by'>> & { by?: readonly UsageGroup[] };

/** `GET /api/usage`. */
export function readUsage(transport: Transport, { by = [], metadata = {}, ...filter }: UsageFilter, signal?: AbortSignal): Promise<Usage> {
  const pairs = Object.fromEntries(Object.entries(metadata).map(([key, value]) => [`metadata[${key}]`, value]));
  return transport.json('GET', '/usage', { query: { ...filter, ...pairs, by: by.length > 0 ? by.join(',') : undefined }, signal });
}
