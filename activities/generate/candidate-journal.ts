import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Candidate } from '../../contracts/candidates.ts';
import { isStillhouseError } from '../../contracts/errors.ts';

/** Answers that come within this time are written together. */
const GATHER_MS = 100;
const LONGEST_RETRY_MS = 5_000;

interface Batch {
  candidates: Candidate[];
  written: Promise<void>;
}

/**
 * Group commit of received answers: `append` resolves when the answer is in ClickHouse. While ClickHouse is down it waits,
 * and with it the call's place: what is paid for and not yet written is never more than what may be in flight.
 */
export class CandidateJournal {
  readonly #write: (candidates: Candidate[], token: string) => Promise<void>;
  #gathering: Batch | null = null;

  constructor(write: (candidates: Candidate[], token: string) => Promise<void>) {
    this.#write = write;
  }

  append(candidate: Candidate, signal: AbortSignal): Promise<void> {
    if (this.#gathering) {
      this.#gathering.candidates.push(candidate);
      return this.#gathering.written;
    }
    const candidates = [candidate];
    const written = wait(GATHER_MS).then(() => {
      this.#gathering = null;
      return this.#commit(candidates, signal);
    });
    this.#gathering = { candidates, written };
    return written;
  }

  async #commit(candidates: Candidate[], signal: AbortSignal): Promise<void> {
    // One token for all attempts: an insert whose acknowledgement was lost is not doubled.
    const token = `candidates-${randomUUID()}`;
    for (let delayMs = 200; ; delayMs = Math.min(delayMs * 2, LONGEST_RETRY_MS)) {
      try {
        return await this.#write(candidates, token);
      } catch (error) {
        if (!isStillhouseError(error) || !error.retryable) throw error;
        await wait(delayMs, undefined, { signal });
      }
    }
  }
}
