import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../platform/logger.ts';
import type { SegmentFile } from './segment-files.ts';
import { shipSegment, type ShipmentOptions } from './shipment.ts';
import { ShippingMemory } from './shipping-memory.ts';
import { timeOfTraceId } from './trace-id.ts';

interface Job {
  segment: SegmentFile;
  /** Whether an earlier attempt, of this process or of one that is gone, may have brought it to ClickHouse. */
  maybeSent: boolean;
  /** Called once it is stored and its file is gone. */
  done: () => void;
}

const FIRST_BACKOFF_MS = 100;
const LAST_BACKOFF_MS = 5_000;

/** Sends sealed segments in order, one at a time, and deletes each after ClickHouse's acknowledgement. */
export class Shipper {
  readonly #options: ShipmentOptions;
  readonly #log: Logger;
  readonly #queue: Job[] = [];
  readonly #memory = new ShippingMemory();
  #running: Promise<void> | null = null;
  #stop = new AbortController();
  #bytes = 0;
  #failing = false;

  constructor(options: ShipmentOptions) {
    this.#options = options;
    this.#log = options.log;
  }

  get segments(): number {
    return this.#queue.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** When the oldest waiting segment was begun; null where none waits. */
  get oldestMs(): number | null {
    const first = this.#queue[0];
    return first ? timeOfTraceId(first.segment.id) : null;
  }

  enqueue(segment: SegmentFile, maybeSent: boolean, done: () => void = () => undefined): void {
    this.#queue.push({ segment, maybeSent, done });
    this.#bytes += segment.bytes;
    this.#running ??= this.#run().finally(() => (this.#running = null));
  }

  /** Waits until all is shipped, or the time is up; then stops. What is left stays on disk. */
  async close(graceMs: number): Promise<void> {
    const timer = setTimeout(() => this.#stop.abort(), graceMs);
    await this.#running;
    clearTimeout(timer);
    this.#stop.abort();
  }

  async #run(): Promise<void> {
    let backoffMs = FIRST_BACKOFF_MS;
    while (this.#queue.length > 0 && !this.#stop.signal.aborted) {
      const job = this.#queue[0]!;
      try {
        await shipSegment(job.segment, job.maybeSent, this.#options, this.#memory);
      } catch (error) {
        this.#memory.abandon();
        job.maybeSent = true;
        if (!this.#failing)
          this.#log.warn({ reason: (error as Error).message, waiting: this.#queue.length }, 'traces wait: ClickHouse does not take them');
        this.#failing = true;
        // Half of it by chance: replicas must not come back all at once.
        await delay(backoffMs * (0.5 + Math.random() / 2), undefined, { signal: this.#stop.signal }).catch(() => undefined);
        backoffMs = Math.min(backoffMs * 2, LAST_BACKOFF_MS);
        continue;
      }
      if (this.#failing) this.#log.info({ waiting: this.#queue.length }, 'ClickHouse takes traces again');
      this.#failing = false;
      backoffMs = FIRST_BACKOFF_MS;
      this.#queue.shift();
      this.#bytes -= job.segment.bytes;
      // Some milliseconds for a large one: not on the event loop.
      await this.#tidy(() => rm(job.segment.path, { force: true }));
      await this.#tidy(job.done);
    }
  }

  /** A file that a failing disk keeps is no reason to stop: whoever ships it again adds nothing. */
  async #tidy(remove: () => void | Promise<void>): Promise<void> {
    try {
      await remove();
    } catch (error) {
      this.#log.error({ err: error }, 'a shipped segment could not be removed');
    }
  }
}
