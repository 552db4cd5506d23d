import type { z } from 'zod';
import type { CurateRequest, LeftOutRow, RecordedEdit, RowEdit } from '../../contracts/dataset-curation.ts';
import type { Inspection } from '../../contracts/dataset-inspection.ts';
import type { JudgeRequest, Judgement } from '../../contracts/dataset-judging.ts';
import type { Dataset } from '../../contracts/datasets.ts';
import type { Page } from '../../contracts/http.ts';
import { everyItem } from './pages.ts';
import type { Transport } from './transport.ts';
import { type WaitOptions, waitFor } from './wait-for.ts';

/** Which left-out rows to show. */
export interface LeftOutQuery {
  /** Default: the newest that is ready. */
  version?: number | undefined;
  reason?: string | undefined;
  limit?: number;
  cursor?: string | undefined;
}

/** Rows that a version leaves out, and how many each reason leaves out. */
export interface LeftOutPage extends Page<LeftOutRow> {
  reasons: Record<string, number>;
}

/** How rows of a dataset are judged, changed and left out: `client.datasets.curation`. */
export class DatasetCuration {
  readonly #transport: Transport;
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Has a model score every row, or joins the run of the same request; by default of the newest version that is ready. */
  judge(dataset: string, request: z.input<typeof JudgeRequest>, version?: number): Promise<Judgement & { location: string }> {
    return this.#transport.json('POST', pathOf(dataset, 'judge'), { json: request, query: { version } });
  }

  /** Runs of judges, the latest begun first. */
  async judgements(dataset: string, signal?: AbortSignal): Promise<Judgement[]> {
    return (await this.#transport.json<Page<Judgement>>('GET', pathOf(dataset, 'judgements'), { signal })).items;
  }

  judgement(dataset: string, name: string, signal?: AbortSignal): Promise<Judgement> {
    return this.#transport.json('GET', `${pathOf(dataset, 'judgements')}/${encodeURIComponent(name)}`, { signal });
  }

  /** Ends a judge's run; what it has said stands. */
  cancelJudgement(dataset: string, name: string): Promise<Judgement> {
    return this.#transport.json('POST', `${pathOf(dataset, 'judgements')}/${encodeURIComponent(name)}/cancel`);
  }

  /** Waits until a judge's run has ended, well or not. */
  waitUntilJudged(dataset: string, name: string, options: WaitOptions = {}): Promise<Judgement> {
    return waitFor(
      `Judgement "${name}"`,
      () => this.judgement(dataset, name, options.signal),
      ({ status }) => status !== 'running',
      options,
    );
  }

  /** Looks for suspect rows and for test rows that are nearly training rows; by default of the newest version that is ready. */
  inspect(dataset: string, version?: number): Promise<Inspection & { location: string }> {
    return this.#transport.json('POST', pathOf(dataset, 'inspect'), { query: { version } });
  }

  inspection(dataset: string, version?: number, signal?: AbortSignal): Promise<Inspection> {
    return this.#transport.json('GET', pathOf(dataset, 'inspection'), { query: { version }, signal });
  }

  /** Waits until an inspection has ended, well or not. */
  waitUntilInspected(dataset: string, version: number, options: WaitOptions = {}): Promise<Inspection> {
    return waitFor(
      `The inspection of "${dataset}"`,
      () => this.inspection(dataset, version, options.signal),
      ({ status }) => status === 'completed' || status === 'failed',
      options,
    );
  }

  /** Keeps, drops, corrects or tags rows; it counts in the next version. Answers with what has changed. */
  async edit(dataset: string, edits: z.input<typeof RowEdit>[]): Promise<RecordedEdit[]> {
    return (await this.#transport.json<{ items: RecordedEdit[] }>('PATCH', pathOf(dataset, 'rows'), { json: { edits } })).items;
  }

  /** Who changed which rows, the newest first; `row`: of that one alone. */
  edits(dataset: string, query: { row?: string } = {}): AsyncGenerator<RecordedEdit, void, undefined> {
    return everyItem((cursor) => this.#transport.json('GET', pathOf(dataset, 'edits'), { query: { limit: 200, ...query, cursor } }));
  }

  /** One page of what a version leaves out, and how many rows each reason leaves out. */
  leftOut(dataset: string, query: LeftOutQuery = {}): Promise<LeftOutPage> {
    return this.#transport.json('GET', pathOf(dataset, 'left-out'), { query: { ...query } });
  }

  /** Makes a new version of what was said of the newest one's rows; by default with its filters. */
  curate(dataset: string, request: CurateRequest = {}): Promise<Dataset & { location: string }> {
    return this.#transport.json('POST', pathOf(dataset, 'curate'), { json: request });
  }
}

function pathOf(dataset: string, rest: string): string {
  return `/datasets/${encodeURIComponent(dataset)}/${rest}`;
}
