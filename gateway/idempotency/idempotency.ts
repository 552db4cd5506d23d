import { createHash } from 'node:crypto';
import { HEADERS } from '../../contracts/http.ts';
import { StillhouseError, isStillhouseError } from '../../contracts/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Answer } from '../chat/answer.ts';
import type { SecretBox } from '../keys/secret-box.ts';
import type { LiveValue } from '../observability/metrics.ts';
import { keepAnswer, replay, type KeptAnswer } from './kept-answer.ts';
import { expiryOf, type KeyStore } from './key-store.ts';
import { OwedWrites } from './owed-writes.ts';

/** A request with an `Idempotency-Key`. */
export interface KeyedRequest {
  key: string;
  project: string;
  keyId: string;
  /** All that makes it the same request: path, body, and headers that change its meaning. */
  parts: readonly string[];
}

/** A call under way. */
export interface CallUnderWay {
  answer: Promise<Answer>;
  /** Whether a provider charged for it, or may have; asked when the answer or a failure is there. */
  mayHaveCost: () => boolean;
  /** Whether any provider was asked. */
  wasSent: () => boolean;
}

/** What is known of a key. `begun` is written before a provider is asked; `lost`: it was asked, and the answer is not kept. */
type Known = { fingerprint: string; holder: string } & ({ state: 'begun' | 'lost' } | { state: 'answered'; answer: KeptAnswer });

export interface IdempotencyOptions {
  store: KeyStore;
  box: SecretBox;
  /** Milliseconds since 1970. */
  now: () => number;
  /** What could not be written is tried again so often. */
  againMs?: number;
  log: Logger;
}

/** Longer ones do not wait in memory for the store: they are lost. */
const LONGEST_OWED = 1024 * 1024;
/** Answers are kept for a day, as at Stripe. */
export const KEPT_MS = 24 * 3_600_000;
const KEY = /^[\x20-\x7e]{1,255}$/;

/** The same key and request from the same API key: the first answer again, and never a second payment. */
export class Idempotency {
  readonly #options: IdempotencyOptions;
  /** Claims of calls under way in this process, and of those whose answer is still to be written, by place. */
  readonly #underWay = new Map<string, string>();
  /** Claims that may have been written or not; nothing was sent for them. */
  readonly #unheard = new Map<string, string>();
  readonly #owed: OwedWrites;
  /** How many requests of this process are asking for a place right now. */
  readonly #claiming = new Map<string, number>();
  #replays = 0;
  readonly #refused = { in_flight: 0, outcome_unknown: 0, key_reused: 0, not_kept: 0 };

  constructor(options: IdempotencyOptions) {
    this.#options = options;
    this.#owed = new OwedWrites(options.againMs);
  }

  /** Rejects with `idempotency_*`, or `unavailable` where the key can't be kept; then nothing was sent. */
  async answer(asked: KeyedRequest, begin: () => CallUnderWay): Promise<Answer> {
    if (!KEY.test(asked.key)) throw new StillhouseError('invalid_request', 'Invalid Idempotency-Key: 1 to 255 characters of visible ASCII and spaces are needed'); // prettier-ignore
    const place = hashOf([asked.project, asked.keyId, asked.key]);
    const fingerprint = hashOf(asked.parts);
    const { holder } = this.#options.store;
    const until = this.#options.now() + KEPT_MS;
    const claim = this.#textOf(place, until, { state: 'begun', fingerprint, holder });
    for (let found = await this.#claim(place, claim); found !== null; found = await this.#claim(place, claim)) {
      const known = await this.#known(place, fingerprint, found);
      if (known) return known;
    }
    const settle = (known: Known | null) => this.#settle(place, until, known);
    let call: CallUnderWay | undefined;
    try {
      call = begin();
      const answer = await call.answer;
      if (answer.status >= 400 && !call.mayHaveCost()) {
        await settle(null);
        return answer;
      }
      return await keepAnswer(answer, (kept) =>
        settle(kept ? { state: 'answered', fingerprint, holder, answer: kept } : { state: 'lost', fingerprint, holder }),
      );
    } catch (error) {
      await settle(call?.wasSent() ? { state: 'lost', fingerprint, holder } : null);
      throw error;
    }
  }

  /** Calls whose answers are not kept yet. */
  inFlight(): number {
    return this.#underWay.size;
  }

  /** For `/metrics`. */
  liveValues(): LiveValue[] {
    const refused = () => Object.entries(this.#refused).map(([reason, value]) => ({ labels: { reason }, value }));
    return [
      { name: 'idempotent_replays_total', type: 'counter', help: 'Answers given again by Idempotency-Key', value: () => this.#replays },
      { name: 'idempotent_refused_total', type: 'counter', help: 'Calls refused for their Idempotency-Key', value: refused },
    ];
  }

  /** Lets go of the answers of these traces: their keys are free again. */
  forget(traces: readonly string[]): Promise<number> {
    return this.#options.store.forget(traces);
  }

  close(): void {
    this.#owed.close();
    this.#options.store.close();
  }

  /** null where it is ours: then it is under way, before anybody who has read that it was begun can ask whether it is. */
  async #claim(place: string, text: string): Promise<string | null> {
    this.#claiming.set(place, (this.#claiming.get(place) ?? 0) + 1);
    try {
      const { store } = this.#options;
      // A server that has lost what it knew would give the place of a call under way here to whoever asks next.
      const own = this.#underWay.get(place);
      if (own !== undefined) return (await store.read(place)) ?? own;
      let found = await store.claim(place, text);
      if (found !== null && found === this.#unheard.get(place)) {
        await store.withdraw(place, found);
        found = await store.claim(place, text);
      }
      if (found === null) this.#underWay.set(place, text);
      return found;
    } catch (cause) {
      this.#refused.not_kept++;
      if (isStillhouseError(cause)) throw cause;
      this.#withdrawLater(place, text);
      this.#options.log.error({ err: cause }, 'an idempotency key could not be kept');
      throw new StillhouseError('unavailable', 'The Idempotency-Key cannot be kept now (disk full, or Valkey down), so nothing was sent: try again, or without the header', { cause }); // prettier-ignore
    } finally {
      const left = this.#claiming.get(place)! - 1;
      if (left > 0) this.#claiming.set(place, left);
      else this.#claiming.delete(place);
    }
  }

  /** It may have been written all the same: to others the key would look as if a call were under way. */
  #withdrawLater(place: string, text: string): void {
    this.#unheard.set(place, text);
    this.#owed.add(`withdraw ${place}`, async () => {
      if (expiryOf(text) > this.#options.now()) await this.#options.store.withdraw(place, text);
      if (this.#unheard.get(place) === text) this.#unheard.delete(place);
    });
  }

  /** null: what was found has been let go of since. */
  async #known(place: string, fingerprint: string, text: string): Promise<Answer | null> {
    const known = this.#open(place, text);
    if (known && known.fingerprint !== fingerprint) {
      this.#refused.key_reused++;
      throw new StillhouseError(
        'idempotency_key_reused',
        'This Idempotency-Key was used with another request: a new request needs a new key',
      );
    }
    if (known?.state === 'answered') {
      this.#replays++;
      return replay(known.answer);
    }
    if (known?.state === 'begun' && (await this.#isUnderWay(place, known.holder))) {
      this.#refused.in_flight++;
      throw new StillhouseError(
        'idempotency_in_flight',
        'The first request with this Idempotency-Key is still being answered: ask again later',
        {
          data: { retryAfterS: 1 },
        },
      );
    }
    if (known?.state === 'begun') {
      // It may have been settled after it was read. What stands there now is the last word of its holder, who is through or gone.
      const last = await this.#options.store.read(place);
      if (last !== text) return last === null ? null : this.#known(place, fingerprint, last);
    }
    this.#refused.outcome_unknown++;
    throw new StillhouseError(
      'idempotency_outcome_unknown',
      'Outcome unknown: the first request with this Idempotency-Key may have been sent to a provider, and its answer is lost. It is not sent again under this key; to pay for another answer, use a new key',
      // OpenAI's and Anthropic's clients would repeat a 409.
      { data: { headers: { 'x-should-retry': 'false' } } },
    );
  }

  #isUnderWay(place: string, holder: string): Promise<boolean> {
    const { store } = this.#options;
    // Who has claimed it may not have heard so yet, though it can be read.
    const here = this.#underWay.has(place) || this.#claiming.has(place);
    return holder === store.holder ? Promise.resolve(here) : store.isAlive(holder);
  }

  /** null: nothing was sent, the key is free again. What can't be written now is under way until it is; where this process ends before, its outcome is unknown. */
  async #settle(place: string, until: number, known: Known | null): Promise<void> {
    const { store, now, log } = this.#options;
    let text = known && this.#textOf(place, until, known);
    const write = async () => {
      if (now() < until) await (text === null ? store.release(place) : store.put(place, text, known ? traceOf(known) : undefined));
      this.#underWay.delete(place);
    };
    try {
      await write();
    } catch (error) {
      log.error({ err: error }, 'the answer to an idempotency key could not be kept: it is tried again');
      if (known && text && text.length > LONGEST_OWED) text = this.#textOf(place, until, lostOf(known));
      this.#owed.add(place, write);
    }
  }

  #textOf(place: string, until: number, known: Known): string {
    return `${until} ${this.#options.box.seal(JSON.stringify(known), `${place}/${until}`)}`;
  }

  /** null where it was altered, or sealed under another key: that a call was sent is all that is known then. */
  #open(place: string, text: string): Known | null {
    try {
      return JSON.parse(this.#options.box.open(text.slice(text.indexOf(' ') + 1), `${place}/${expiryOf(text)}`)) as Known;
    } catch (error) {
      if (!isStillhouseError(error, 'internal')) throw error;
      this.#options.log.warn('what is kept of an idempotency key cannot be opened');
      return null;
    }
  }
}

function lostOf({ fingerprint, holder }: Known): Known {
  return { state: 'lost', fingerprint, holder };
}

function traceOf(known: Known): string | undefined {
  return known.state === 'answered' ? known.answer.headers[HEADERS.traceId] : undefined;
}

function hashOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
