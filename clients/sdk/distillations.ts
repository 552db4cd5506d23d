import type { Distillation, DistillationEvent, DistilRequest } from '../../contracts/distil.ts';
import type { Page } from '../../contracts/http.ts';
import type { TrainingPoint } from '../../contracts/language-model.ts';
import { StillhouseApiError } from './api-error.ts';
import { readEventStream } from './event-stream.ts';
import type { Transport } from './transport.ts';
import { pause, waitFor } from './wait-for.ts';
import type { WaitOptions } from './wait-for.ts';

/** What a followed run sends: what happened, and where it stands. */
export type DistillationUpdate = { kind: 'event'; event: DistillationEvent } | { kind: 'state'; state: Distillation };

/** A run that was started or acted on, and its address. */
export type DistillationRun = Distillation & { location: string };

/** How a run is followed. */
export interface FollowOptions {
  /** Sequence of the last event that was seen. */
  after?: number;
  signal?: AbortSignal;
}

const RECONNECT_MS = 1_000;

/** Whether a run will not change any more. */
export function hasEnded(run: Pick<Distillation, 'status'>): boolean {
  return run.status === 'completed' || run.status === 'failed' || run.status === 'cancelled';
}

/** Runs of the distil workflow. */
export class Distillations {
  readonly #transport: Transport;
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Starts a run, or joins the one of the same name and input. */
  start(request: DistilRequest): Promise<DistillationRun> {
    return this.#transport.json('POST', '/distillations', { json: request });
  }

  /** All runs, newest first. */
  async list(signal?: AbortSignal): Promise<Distillation[]> {
    return (await this.#transport.json<Page<Distillation>>('GET', '/distillations', { signal })).items;
  }

  get(name: string, signal?: AbortSignal): Promise<Distillation> {
    return this.#transport.json('GET', pathOf(name), { signal });
  }

  /** What a language model's training measured up to now, by step; empty for an encoder. */
  async training(name: string, signal?: AbortSignal): Promise<TrainingPoint[]> {
    return (await this.#transport.json<Page<TrainingPoint>>('GET', `${pathOf(name)}/training`, { signal })).items;
  }

  pause(name: string): Promise<DistillationRun> {
    return this.#transport.json('POST', `${pathOf(name)}/pause`);
  }

  resume(name: string): Promise<DistillationRun> {
    return this.#transport.json('POST', `${pathOf(name)}/resume`);
  }

  cancel(name: string): Promise<DistillationRun> {
    return this.#transport.json('POST', `${pathOf(name)}/cancel`);
  }

  /** Lets a run that waits for a person move its alias. */
  approve(name: string): Promise<DistillationRun> {
    return this.#transport.json('POST', `${pathOf(name)}/approve`);
  }

  /**
   * Follows a run until it has ended: each event once, and each new state. A connection that breaks is made again from
   * the last event.
   */
  async *follow(name: string, options: FollowOptions = {}): AsyncGenerator<DistillationUpdate, void, undefined> {
    let after = options.after;
    for (;;) {
      try {
        const headers = after === undefined ? undefined : { 'last-event-id': String(after) };
        const response = await this.#transport.send('GET', `${pathOf(name)}/events`, { headers, signal: options.signal });
        for await (const message of readEventStream(response.body!)) {
          if (message.event === 'event') {
            const event = JSON.parse(message.data) as DistillationEvent;
            after = event.sequence;
            yield { kind: 'event', event };
          } else if (message.event === 'state') {
            const state = JSON.parse(message.data) as Distillation;
            yield { kind: 'state', state };
            if (hasEnded(state)) return;
          }
        }
      } catch (error) {
        if (options.signal?.aborted) throw error;
        if (error instanceof StillhouseApiError && !error.retryable) throw error;
      }
      await pause(RECONNECT_MS, options.signal);
    }
  }

  /** Waits until the run has ended, well or not. */
  waitUntilEnded(name: string, options: WaitOptions = {}): Promise<Distillation> {
    return waitFor(`Distillation "${name}"`, () => this.get(name, options.signal), hasEnded, options);
  }
}

function pathOf(name: string): string {
  return `/distillations/${encodeURIComponent(name)}`;
}
