import type { z } from 'zod';
import type { Dataset, DatasetRequest, DatasetRow, DatasetView, Split } from '../../contracts/datasets.ts';
import type { Page, UploadedFile } from '../../contracts/http.ts';
import { everyItem } from './pages.ts';
import type { Transport, UploadBody } from './transport.ts';
import { waitFor } from './wait-for.ts';
import type { WaitOptions } from './wait-for.ts';

/** A row as the API shows it: without gold answers, which lie apart. */
export type DatasetRowView = Pick<
  DatasetRow,
  'rowId' | 'group' | 'split' | 'position' | 'messages' | 'reference' | 'referenceTarget' | 'traceId'
>;

/** Which rows to show. */
export interface RowsQuery {
  /** Default: the newest that is ready. */
  version?: number;
  /** Default: train. */
  split?: Split;
  limit?: number;
}

/** Immutable, versioned lists of rows. */
export class Datasets {
  readonly #transport: Transport;
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Starts a build, or joins the one of the same name and source. */
  create(request: z.input<typeof DatasetRequest>): Promise<Dataset & { location: string }> {
    return this.#transport.json('POST', '/datasets', { json: request });
  }

  /** Uploads JSONL; its `file` goes into the source of a dataset. */
  upload(jsonl: UploadBody): Promise<UploadedFile> {
    return this.#transport.json('POST', '/files', { body: jsonl, contentType: 'application/x-ndjson' });
  }

  /** All datasets, each at its newest version. */
  async list(signal?: AbortSignal): Promise<DatasetView[]> {
    return (await this.#transport.json<Page<DatasetView>>('GET', '/datasets', { signal })).items;
  }

  get(name: string, version?: number, signal?: AbortSignal): Promise<DatasetView> {
    return this.#transport.json('GET', `/datasets/${encodeURIComponent(name)}`, { query: { version }, signal });
  }

  /** One page of rows. */
  rowsPage(name: string, query: RowsQuery & { cursor?: string } = {}, signal?: AbortSignal): Promise<Page<DatasetRowView>> {
    return this.#transport.json('GET', `/datasets/${encodeURIComponent(name)}/rows`, { query: { ...query }, signal });
  }

  /** All rows of a split, page by page. */
  rows(name: string, query: RowsQuery = {}): AsyncGenerator<DatasetRowView, void, undefined> {
    return everyItem((cursor) => this.rowsPage(name, { limit: 200, ...query, ...(cursor === undefined ? {} : { cursor }) }));
  }

  /** Waits until the build has ended, well (`ready`) or not (`failed`, with its `error`). */
  waitUntilBuilt(name: string, version?: number, options: WaitOptions = {}): Promise<DatasetView> {
    return waitFor(
      `The build of dataset "${name}"`,
      () => this.get(name, version, options.signal),
      (dataset) => dataset.status !== 'building',
      options,
    );
  }
}
