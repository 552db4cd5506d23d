import type { Page } from '../../contracts/http.ts';
import type { Trace, TraceFilter, TraceSummary } from '../../contracts/traces.ts';
import { everyItem } from './pages.ts';
import type { Transport } from './transport.ts';

/** What traces may be filtered by; all conditions hold at once. */
export type TraceListFilter = Partial<TraceFilter>;

/** Recorded calls. */
export class Traces {
  readonly #transport: Transport;
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** One page, newest first. */
  page(filter: TraceListFilter = {}, signal?: AbortSignal): Promise<Page<TraceSummary>> {
    const { metadata, ...plain } = filter;
    const pairs = Object.entries(metadata ?? {}).map(([key, value]) => [`metadata[${key}]`, value] as const);
    return this.#transport.json('GET', '/traces', { query: { ...plain, ...Object.fromEntries(pairs) }, signal });
  }

  /** All that match, newest first, page by page. */
  list(filter: Omit<TraceListFilter, 'cursor'> = {}): AsyncGenerator<TraceSummary, void, undefined> {
    return everyItem((cursor) => this.page({ ...filter, ...(cursor === undefined ? {} : { cursor }) }));
  }

  /** One whole trace. */
  get(id: string, signal?: AbortSignal): Promise<Trace> {
    return this.#transport.json('GET', `/traces/${encodeURIComponent(id)}`, { signal });
  }
}
