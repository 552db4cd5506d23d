import type { Usage, UsageDimension, UsageQuery } from '../../contracts/usage.ts';
import type { Transport } from './transport.ts';

/** What usage may be asked by; nothing in `by` = one row of totals. */
export type UsageFilter = Partial<Omit<UsageQuery, 'by'>> & { by?: readonly UsageDimension[] };

/** `GET /api/usage`. */
export function readUsage(transport: Transport, { by = [], ...filter }: UsageFilter, signal?: AbortSignal): Promise<Usage> {
  return transport.json('GET', '/usage', { query: { ...filter, by: by.length > 0 ? by.join(',') : undefined }, signal });
}
