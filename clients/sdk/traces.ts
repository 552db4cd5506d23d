import type { FeedbackReceipt, FeedbackRequest } from '../../contracts/feedback.ts';
import type { ExportFormat, TraceFilter, TracePage, TraceSummary, TraceView } from '../../contracts/traces.ts';
import type { Forgetting, ForgetPreview, ForgetRequest } from '../../contracts/forget.ts';
import type { ImportQuery, TraceImport } from '../../contracts/imports.ts';
import type { Replay, ReplayRequest } from '../../contracts/replay.ts';
import { everyItem } from './pages.ts';
import type { Transport, UploadBody } from './transport.ts';

/** What traces may be filtered by; all conditions hold at once. */
export type TraceListFilter = Partial<TraceFilter>;

/** What an export takes: the filters of a list. */
export type TraceExportFilter = Omit<TraceListFilter, 'cursor' | 'limit' | 'count'> & { format?: ExportFormat };

/** Recorded calls. */
export class Traces {
  readonly #transport: Transport;
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** One page, newest first. */
  page(filter: TraceListFilter = {}, signal?: AbortSignal): Promise<TracePage> {
    return this.#transport.json('GET', '/traces', { query: queryOf(filter), signal });
  }

  /** All that match as a file (JSONL unless said otherwise), oldest first, as it comes. */
  async export(filter: TraceExportFilter = {}, signal?: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#transport.send('GET', '/traces/export', { query: queryOf(filter), signal });
    return response.body!;
  }

  /** All that match, newest first, page by page. */
  list(filter: Omit<TraceListFilter, 'cursor'> = {}): AsyncGenerator<TraceSummary, void, undefined> {
    return everyItem((cursor) => this.page({ ...filter, ...(cursor === undefined ? {} : { cursor }) }));
  }

  /** One whole trace. */
  get(id: string, signal?: AbortSignal): Promise<TraceView> {
    return this.#transport.json('GET', `/traces/${encodeURIComponent(id)}`, { signal });
  }

  /** Sends its request to another target; both answers. The new call is paid for. */
  replay(id: string, request: Pick<ReplayRequest, 'target'> & Partial<ReplayRequest>, signal?: AbortSignal): Promise<Replay> {
    return this.#transport.json('POST', `/traces/${encodeURIComponent(id)}/replay`, { json: request, signal });
  }

  /** Uploads a log of calls made elsewhere (JSONL); `importState` says how its import goes on. */
  import(jsonl: UploadBody, query: Partial<ImportQuery> = {}, signal?: AbortSignal): Promise<TraceImport> {
    return this.#transport.json('POST', '/traces/import', { body: jsonl, contentType: 'application/x-ndjson', query, signal });
  }

  importState(name: string, signal?: AbortSignal): Promise<TraceImport> {
    return this.#transport.json('GET', `/traces/imports/${encodeURIComponent(name)}`, { signal });
  }

  /** Has calls removed wherever they are; `forgettingState` says how it goes on. */
  forget(request: ForgetRequest): Promise<Forgetting> {
    return this.#transport.json('POST', '/traces/forget', { json: request });
  }

  /** How many stored calls that would be. */
  async countToForget(request: ForgetRequest): Promise<number> {
    return (await this.forgetPreview(request)).traces;
  }

  /** How many stored calls a request names, and what it can't find. */
  forgetPreview(request: ForgetRequest): Promise<ForgetPreview> {
    return this.#transport.json('POST', '/traces/forget/preview', { json: request });
  }

  forgettingState(name: string, signal?: AbortSignal): Promise<Forgetting> {
    return this.#transport.json('GET', `/traces/forget/${encodeURIComponent(name)}`, { signal });
  }

  /** What somebody says of a call: thumbs, a score, a comment, or what the answer should have been (a gold answer of datasets). */
  async feedback(said: FeedbackRequest, signal?: AbortSignal): Promise<FeedbackReceipt> {
    const response = await this.#transport.send('POST', '/feedback', { json: said, signal }, 'v1');
    return (await response.json()) as FeedbackReceipt;
  }
}

function queryOf({ metadata, ...plain }: TraceListFilter & { format?: ExportFormat }): Record<string, string | number | undefined> {
  const pairs = Object.entries(metadata ?? {}).map(([key, value]) => [`metadata[${key}]`, value] as const);
  return { ...plain, ...Object.fromEntries(pairs) };
}
