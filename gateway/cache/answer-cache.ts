import { createHash } from 'node:crypto';
import { HEADERS } from '../../contracts/http.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Answer } from '../chat/answer.ts';
import type { Outcome } from '../chat/call.ts';
import { keepAnswer, replay, type KeptAnswer } from '../idempotency/kept-answer.ts';
import { expiryOf, type KeyStore } from '../idempotency/key-store.ts';
import type { SecretBox } from '../keys/secret-box.ts';
import type { LiveValue } from '../observability/metrics.ts';
import { NO_USAGE } from '../providers/provider.ts';

/** A call to an alias with a cache. */
export interface CachedRequest {
  ttlSeconds: number;
  /** All that makes it the same request: project, alias and version, path, body, headers that change its meaning. */
  parts: readonly string[];
  /** The request's `cache-control`. */
  control: string;
}

/** What the cache does with a call. */
export interface CachedCall {
  /** Records a hit on the answer of that trace; it goes out afterwards. */
  hit(outcome: Outcome, of: string): Promise<void>;
  miss(): Promise<Answer>;
  /** How a missed call ended, once it has. */
  outcome(): Outcome | null;
  /** Of a hit's answer, over those of the first. */
  headers(): Record<string, string>;
}

interface Entry {
  answer: KeptAnswer;
  outcome: Outcome;
}

export interface AnswerCacheOptions {
  store: KeyStore;
  box: SecretBox;
  /** Milliseconds since 1970. */
  now: () => number;
  log: Logger;
}

/** Finish reasons of whole answers; embeddings have none. */
const WHOLE = new Set(['stop', 'tool_calls', '']);
const REFUSED = /"refusal":\s*"/;

/** Answers to the very same request at an alias that asks for it. What is wrong with the cache is a miss. */
export class AnswerCache {
  readonly #options: AnswerCacheOptions;
  #hits = 0;
  #misses = 0;

  constructor(options: AnswerCacheOptions) {
    this.#options = options;
  }

  async answer({ ttlSeconds, parts, control }: CachedRequest, call: CachedCall): Promise<Answer> {
    const place = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
    const fresh = /\bno-(cache|store)\b/i.test(control);
    const entry = fresh ? null : await this.#read(place);
    if (entry) {
      this.#hits++;
      const { answer } = entry;
      await call.hit({ ...entry.outcome, usage: NO_USAGE, costUsd: 0, costSplit: null }, answer.headers[HEADERS.traceId]!);
      // How much the first caller had left then is nothing to this one.
      const kept = Object.entries(answer.headers).filter(([name]) => !name.startsWith('x-ratelimit-'));
      return replay({ ...answer, headers: { ...Object.fromEntries(kept), ...call.headers(), [HEADERS.cache]: 'hit' } }, {});
    }
    this.#misses++;
    const missed = await call.miss();
    const headers = { [HEADERS.cache]: 'miss' };
    const keep = async (answer: KeptAnswer | null) => {
      const outcome = call.outcome();
      if (answer && outcome && isWhole(outcome) && !/\bno-store\b/i.test(control))
        await this.#write(place, this.#options.now() + ttlSeconds * 1000, { answer, outcome });
    };
    return keepAnswer(missed, keep, headers);
  }

  /** For `/metrics`. */
  liveValues(): LiveValue[] {
    return [
      { name: 'cache_hits_total', type: 'counter', help: 'Calls answered from the cache of their alias', value: () => this.#hits },
      { name: 'cache_misses_total', type: 'counter', help: 'Calls to aliases with a cache that had no answer', value: () => this.#misses },
    ];
  }

  /** Lets go of the answers of these traces. */
  forget(traces: readonly string[]): Promise<number> {
    return this.#options.store.forget(traces);
  }

  close(): void {
    this.#options.store.close();
  }

  async #read(place: string): Promise<Entry | null> {
    const { store, box, log } = this.#options;
    try {
      const text = await store.read(place);
      return text === null ? null : (JSON.parse(box.open(text.slice(text.indexOf(' ') + 1), `cache/${place}/${expiryOf(text)}`)) as Entry);
    } catch (error) {
      log.warn({ err: error }, 'the cache could not be read: the call is made');
      return null;
    }
  }

  async #write(place: string, until: number, entry: Entry): Promise<void> {
    const { store, box, log } = this.#options;
    try {
      const text = `${until} ${box.seal(JSON.stringify(entry), `cache/${place}/${until}`)}`;
      await store.release(place);
      await store.claim(place, text, entry.answer.headers[HEADERS.traceId]);
    } catch (error) {
      log.warn({ err: error }, 'an answer could not be put into the cache');
    }
  }
}

/** Never one that was refused, cut or failed. */
function isWhole({ status, httpStatus, finishReason = '', response = '' }: Outcome): boolean {
  return status === 'ok' && httpStatus === 200 && WHOLE.has(finishReason) && !REFUSED.test(response);
}
