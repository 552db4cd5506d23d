import type { ValkeyConnection } from './valkey.ts';

/** Points that a call wants of a window. */
export interface Wanted {
  /** Of the window: whose it is, and of what. */
  name: string;
  limit: number;
  points: number;
}

/** A window with what a call has taken of it, or would have. */
export interface WindowState {
  consumed: number;
  msLeft: number;
}

/** What was taken of each window; or of which one there was too little, so that nothing was taken of any. */
export type Taken = { states: WindowState[] } | { over: number; state: WindowState };

/**
 * KEYS: windows. ARGV of each: points, limit, seconds of a window. Answers 0 and of each what is taken of it and the milliseconds that are
 * left; or the number (from 1) of one that has no room, with the same as if it had. Nothing is taken unless all have room. Where the server's
 * clock was set back, a window ends no later than one that begins now.
 */
const TAKE = `for i = 1, #KEYS do
  local at = 3 * i - 2
  redis.call('SET', KEYS[i], 0, 'EX', ARGV[at + 2], 'NX')
  if redis.call('TTL', KEYS[i]) > tonumber(ARGV[at + 2]) then redis.call('EXPIRE', KEYS[i], ARGV[at + 2]) end
  local consumed = tonumber(redis.call('GET', KEYS[i])) + tonumber(ARGV[at])
  if consumed > tonumber(ARGV[at + 1]) then return {i, consumed, redis.call('PTTL', KEYS[i])} end
end
local answer = {0}
for i = 1, #KEYS do
  answer[2 * i] = redis.call('INCRBY', KEYS[i], ARGV[3 * i - 2])
  answer[2 * i + 1] = redis.call('PTTL', KEYS[i])
end
return answer`;

/** Where the window has ended there is nothing to adjust: the next one is not this call's. */
const ADJUST = `if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('INCRBY', KEYS[1], ARGV[1]) end`;

/** Windows that gateways hold together, in Valkey. */
export class SharedRates {
  readonly #valkey: ValkeyConnection;
  readonly #windowS: number;

  constructor(valkey: ValkeyConnection, windowS: number) {
    this.#valkey = valkey;
    this.#windowS = windowS;
  }

  /** Takes of all windows, or of none. null where Valkey is down or does not answer. */
  async take(wanted: readonly Wanted[]): Promise<Taken | null> {
    if (!this.#valkey.ready()) return null;
    const args = wanted.flatMap(({ points, limit }) => [points, limit, this.#windowS]);
    const keys = wanted.map(({ name }) => name);
    let answer: number[];
    try {
      answer = (await this.#valkey.client.eval(TAKE, keys.length, ...keys, ...args)) as number[];
    } catch {
      return null;
    }
    const [over, ...numbers] = answer as [number, ...number[]];
    const states = wanted.map((_, at) => ({ consumed: numbers[2 * at]!, msLeft: numbers[2 * at + 1]! }));
    return over === 0 ? { states } : { over: over - 1, state: states[0]! };
  }

  /** Takes more of a window, or gives some back. Nobody waits for it: a failure costs at most a minute's exactness. */
  adjust(name: string, points: number): void {
    if (this.#valkey.ready()) this.#valkey.client.eval(ADJUST, 1, name, points).catch(() => undefined);
  }
}
