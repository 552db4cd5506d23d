import type { z } from 'zod';
import type { JudgeRequest, Judgement } from '../../contracts/dataset-judging.ts';
import type { Page } from '../../contracts/http.ts';
import type { Transport } from './transport.ts';
import { type WaitOptions, waitFor } from './wait-for.ts';

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

  /** Waits until a judge's run has ended, well or not. */
  waitUntilJudged(dataset: string, name: string, options: WaitOptions = {}): Promise<Judgement> {
    return waitFor(
      `Judgement "${name}"`,
      () => this.judgement(dataset, name, options.signal),
      ({ status }) => status !== 'running',
      options,
    );
  }
}

function pathOf(dataset: string, rest: string): string {
  return `/datasets/${encodeURIComponent(dataset)}/${rest}`;
}
