import type { z } from 'zod';
import type { Dataset, DatasetFileFormat, DatasetRequest, DatasetRow, DatasetView, Split } from '../../contracts/datasets.ts';
import type { StandingVerdict } from '../../contracts/dataset-judging.ts';
import type { Page, UploadedFile } from '../../contracts/http.ts';
import { DatasetCuration } from './dataset-curation.ts';
import { everyItem } from './pages.ts';
import type { Transport, UploadBody } from './transport.ts';
import { waitFor } from './wait-for.ts';
import type { WaitOptions } from './wait-for.ts';

/** A row as the API shows it: without gold answers, which lie apart. */
export type DatasetRowView = Pick<
  DatasetRow,
  'rowId' | 'group' | 'split' | 'position' | 'messages' | 'reference' | 'referenceTarget' | 'traceId'
> & {
  /** A person's word, else the newest of a judge on this answer. */
  verdict: StandingVerdict | null;
  /** The right answer by a person, which the next version has; null: nobody has said another one. */
  answer: string | null;
  tags: string[];
  /** How much its answer disagrees with its neighbours', from 0 to 1; only in the order `suspect`. */
  suspicion?: number;
};

/** Which rows to show. */
export interface RowsQuery {
  /** Default: the newest that is ready. */
  version?: number;
  /** Default: train. */
  split?: Split;
  /** `suspect`: those first whose answer is not that of their neighbours, once the version was inspected. */
  order?: 'position' | 'suspect';
  limit?: number;
}

/** What to export, and how; default: the training rows of the newest version that is ready, for OpenAI's fine-tuning. */
export interface DatasetExportQuery {
  version?: number;
  split?: Split;
  format?: DatasetFileFormat;
  gold?: boolean;
}

/** Immutable, versioned lists of rows. */
export class Datasets {
  /** Judging, changing and leaving out rows. */
  readonly curation: DatasetCuration;
  readonly #transport: Transport;
  constructor(transport: Transport) {
    this.#transport = transport;
    this.curation = new DatasetCuration(transport);
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

  /** A split as JSON lines or Parquet, as it comes. Gold answers only where they are asked for: then they are the answers to learn, of Parquet a column. */
  async export(name: string, query: DatasetExportQuery = {}, signal?: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const { gold, ...rest } = query;
    const path = `/datasets/${encodeURIComponent(name)}/export`;
    const response = await this.#transport.send('GET', path, { query: { ...rest, ...(gold ? { gold: 'true' } : {}) }, signal });
    return response.body!;
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
