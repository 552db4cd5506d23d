import { type RateLimiterAbstract, RateLimiterCluster, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { StillhouseError } from '../../contracts/errors.ts';
import type { Caller } from '../keys/caller.ts';
import { keyInWords } from '../keys/key-in-words.ts';
import { SharedRates } from './shared-rates.ts';
import type { ValkeyConnection } from './valkey.ts';

/** What a call has taken of its key's minute. */
export interface TakenRate {
  /** `x-ratelimit-*`, as OpenAI has them, for the answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** Once the call is over: the tokens that it used in truth take the place of the estimate. */
  settle(tokens: number): void;
}

/** Requests and tokens a minute, by key. */
export interface RateLimits {
  /**
   * Takes one request and so many tokens (prompt and the longest answer, estimated). null at once where the key has no such
   * limit. Rejects with `rate_limited`, whose `data` has `retryAfterS` and `headers`.
   */
  take(caller: Caller, tokens: number): Promise<TakenRate> | null;
  /** Whether the key has such limits. */
  limits(caller: Caller): boolean;
  /** Calls turned away so far. */
  refused(): number;
}

const WINDOW_S = 60;
/** A primary that takes longer is on its way down, and this process with it. */
const PRIMARY_MS = 2_000;
type Kind = 'requests' | 'tokens';
const NAMES: Record<Kind, string> = { requests: 'rpm', tokens: 'tpm' };

interface Options {
  valkey: ValkeyConnection | null;
  /** Whether this is one of several processes of a gateway, whose primary counts for all. */
  clustered?: boolean;
  /** Milliseconds since 1970. */
  now?: () => number;
}

/**
 * Fixed windows of a minute, begun by a key's first call. In memory (of a gateway's primary, where it has several
 * processes), or in Valkey for all gateways; where Valkey is down the memory of each takes over.
 */
export function createRateLimits({ valkey, clustered = false, now = Date.now }: Options): RateLimits {
  const shared = valkey && new SharedRates(valkey, WINDOW_S);
  // A limiter of the library has one limit: keys that share a limit share one.
  const limiters = new Map<string, RateLimiterAbstract>();
  const limiterOf = (kind: Kind, points: number): RateLimiterAbstract => {
    const name = `${kind} ${points}`;
    let found = limiters.get(name);
    if (!found) limiters.set(name, (found = makeLimiter(kind, points, clustered)));
    return found;
  };
  const takeOwn = async (wanted: readonly Wish[]): Promise<Window[]> => {
    const taken: Window[] = [];
    for (const wish of wanted) {
      try {
        taken.push(await takePoints(limiterOf(wish.kind, wish.limit), wish, now));
      } catch (error) {
        // What was turned away has used nothing.
        for (const window of taken) window.adjust(-window.points);
        throw error;
      }
    }
    return taken;
  };
  let refused = 0;
  const take = async (wanted: readonly Wish[]): Promise<TakenRate> => {
    try {
      const taken = (shared && (await takeShared(shared, wanted, now))) ?? (await takeOwn(wanted));
      return {
        headers: Object.assign({}, ...taken.map((window) => window.headers)) as Record<string, string>,
        settle(used) {
          for (const window of taken) if (window.kind === 'tokens') window.adjust(Math.ceil(used) - window.points);
        },
      };
    } catch (error) {
      if (error instanceof StillhouseError) refused++;
      throw error;
    }
  };
  return {
    take(caller, tokens) {
      const { limits } = caller;
      if (!hasRate(limits)) return null;
      return take(wishes(caller, limits, Math.max(1, Math.ceil(tokens))));
    },
    limits: ({ limits }) => hasRate(limits),
    refused: () => refused,
  };
}

type Limits = NonNullable<Caller['limits']>;

function hasRate(limits: Limits | undefined): limits is Limits {
  return limits !== undefined && (limits.requestsPerMinute !== null || limits.tokensPerMinute !== null);
}

/** What a call wants of one window. */
interface Wish {
  kind: Kind;
  caller: Caller;
  limit: number;
  points: number;
}

/** Tokens first: they are the ones that are given back. */
function wishes(caller: Caller, { tokensPerMinute, requestsPerMinute }: Limits, tokens: number): Wish[] {
  const all: (Omit<Wish, 'limit'> & { limit: number | null })[] = [
    { kind: 'tokens', caller, limit: tokensPerMinute, points: tokens },
    { kind: 'requests', caller, limit: requestsPerMinute, points: 1 },
  ];
  return all.filter((wish): wish is Wish => wish.limit !== null);
}

function makeLimiter(kind: Kind, points: number, clustered: boolean): RateLimiterAbstract {
  const options = { points, duration: WINDOW_S, keyPrefix: `stillhouse:${NAMES[kind]}` };
  // The primary tells its limiters apart by their prefix alone.
  return clustered
    ? new RateLimiterCluster({ ...options, keyPrefix: `${options.keyPrefix}:${points}`, timeoutMs: PRIMARY_MS })
    : new RateLimiterMemory(options);
}

/** Points that were taken from a window. */
interface Window {
  kind: Kind;
  points: number;
  headers: Record<string, string>;
  /** Takes more, or gives some back, while the window lasts. */
  adjust(points: number): void;
}

/** Of all windows or of none; null where Valkey does not say. Throws `rate_limited`. */
async function takeShared(shared: SharedRates, wanted: readonly Wish[], now: () => number): Promise<Window[] | null> {
  // With the key in braces, so that a cluster has its windows in one place.
  const names = wanted.map(({ kind, caller }) => `stillhouse:${NAMES[kind]}:{${caller.keyId}}`);
  const taken = await shared.take(wanted.map(({ limit, points }, at) => ({ name: names[at]!, limit, points })));
  if (taken === null) return null;
  if ('over' in taken) throw tooMany(wanted[taken.over]!, taken.state.consumed, atMostAWindow(taken.state.msLeft));
  return wanted.map(({ kind, points, limit }, at) => {
    const { consumed, msLeft: said } = taken.states[at]!;
    const msLeft = atMostAWindow(said);
    const endsAt = now() + msLeft;
    const adjust = (more: number): void => {
      // The next window is not this call's.
      if (more !== 0 && now() < endsAt) shared.adjust(names[at]!, more);
    };
    return { kind, points, headers: headersOf(kind, limit, limit - consumed, msLeft), adjust };
  });
}

async function takePoints(limiter: RateLimiterAbstract, wish: Wish, now: () => number): Promise<Window> {
  const { kind, limit, points } = wish;
  const { keyId } = wish.caller;
  let state: RateLimiterRes;
  let over = false;
  try {
    state = await limiter.consume(keyId, points);
  } catch (rejection) {
    if (!(rejection instanceof RateLimiterRes)) throw rejection;
    [state, over] = [rejection, true];
  }
  const msLeft = atMostAWindow(state.msBeforeNext);
  const endsAt = now() + msLeft;
  const adjust = (more: number): void => {
    // The next window is not this call's.
    if (more === 0 || now() >= endsAt) return;
    // Nobody waits for it: a failure costs at most a minute's exactness.
    (more > 0 ? limiter.penalty(keyId, more) : limiter.reward(keyId, -more)).catch(() => undefined);
  };
  if (!over) return { kind, points, headers: headersOf(kind, limit, state.remainingPoints, msLeft), adjust };
  adjust(-points);
  throw tooMany(wish, state.consumedPoints, msLeft);
}

/** Where the clock was set back, the end that was noted is further away than a window is long. */
function atMostAWindow(ms: number): number {
  return Math.min(ms, WINDOW_S * 1000);
}

/** `consumed` is what the window would have had with it. */
function tooMany({ kind, caller, limit, points }: Wish, consumed: number, waitMs: number): StillhouseError {
  const left = Math.max(0, limit - (consumed - points));
  const retryAfterS = Math.max(1, Math.ceil(waitMs / 1000));
  const need = kind === 'tokens' ? `; this call may need ${points}, ${left} are left` : '';
  const has = `The key ${keyInWords(caller)} has ${limit} ${kind} a minute${need}`;
  const data = { limit: `${kind}PerMinute`, headers: headersOf(kind, limit, left, waitMs) };
  if (points > limit)
    return new StillhouseError(
      'rate_limited',
      `${has}: it never fits, ask for a shorter answer (max_completion_tokens) or a higher limit`,
      {
        retryable: false,
        // OpenAI's and Anthropic's clients would wait for a minute that does not help, twice.
        data: { ...data, headers: { ...data.headers, 'x-should-retry': 'false' } },
      },
    );
  return new StillhouseError('rate_limited', `${has}. Try again in ${retryAfterS} s`, { data: { ...data, retryAfterS } });
}

function headersOf(kind: Kind, limit: number, remaining: number, waitMs: number): Record<string, string> {
  return {
    [`x-ratelimit-limit-${kind}`]: String(limit),
    [`x-ratelimit-remaining-${kind}`]: String(Math.max(0, remaining)),
    [`x-ratelimit-reset-${kind}`]: `${(Math.max(0, waitMs) / 1000).toFixed(3)}s`,
  };
}
