import type { Origin, TraceFilter, TraceStatus } from '../../../../contracts/traces.ts';

/** Time ranges to choose from, in milliseconds; `all` is none. */
export const RANGES = { '15m': 900_000, '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000, all: null } as const;
/** Key of a time range. */
export type Range = keyof typeof RANGES;

const STATUSES: Record<TraceStatus, true> = { ok: true, error: true, interrupted: true, cancelled: true };

/** What the address of the traces page says: the filter, and the trace that is open. */
export interface TraceSearch {
  alias?: string;
  model?: string;
  target?: string;
  status?: TraceStatus;
  origin?: Origin;
  range?: Range;
  /** `key=value`. */
  meta?: string;
  live?: boolean;
  /** Id of the trace in the drawer. */
  trace?: string;
}

/** Reads the search parameters; what is not understood is left out. */
export function readTraceSearch(search: Record<string, unknown>): TraceSearch {
  const read: TraceSearch = {};
  for (const key of ['alias', 'model', 'target', 'meta', 'trace'] as const) {
    const value = search[key];
    if ((typeof value === 'string' || typeof value === 'number') && value !== '') read[key] = String(value);
  }
  const { status, origin, range } = search;
  if (typeof status === 'string' && status in STATUSES) read.status = status as TraceStatus;
  if (origin === 'app' || origin === 'pipeline' || origin === 'import') read.origin = origin;
  if (typeof range === 'string' && range in RANGES && range !== 'all') read.range = range as Range;
  if (search['live'] === true) read.live = true;
  return read;
}

/** The API's filter of a search; `nowMs` is where the time range ends. */
export function traceFilterOf(search: TraceSearch, nowMs: number): Partial<TraceFilter> {
  const { alias, model, target, status, origin, range, meta } = search;
  const pair = meta ? /^([^=]+)=(.*)$/.exec(meta) : null;
  const ageMs = range ? RANGES[range] : null;
  return {
    ...(alias ? { alias } : {}),
    ...(model ? { model } : {}),
    ...(target ? { target } : {}),
    ...(status ? { status } : {}),
    ...(origin ? { origin } : {}),
    ...(pair ? { metadata: { [pair[1]!.trim()]: pair[2]!.trim() } } : {}),
    ...(ageMs ? { since: new Date(nowMs - ageMs).toISOString() } : {}),
  };
}
