import type { Origin, TraceFilter, TraceKind, TraceStatus } from '../../../../contracts/traces.ts';

/** Time ranges to choose from, in milliseconds; `all` is none. */
export const RANGES = { '15m': 900_000, '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000, all: null } as const;
/** Key of a time range. */
export type Range = keyof typeof RANGES;

type Verdict = NonNullable<TraceFilter['verdict']>;

// Written out: the contracts' own lists would bring zod into the browser, which tries what the page's policy forbids.
/** How calls end, in words. */
export const STATUSES: Record<TraceStatus, string> = { ok: 'ok', error: 'error', interrupted: 'interrupted', cancelled: 'cancelled' };
/** Who calls, in words. */
export const ORIGINS: Record<Origin, string> = { app: 'app', pipeline: 'pipeline', import: 'imported' };
/** What is called, in words. */
export const KINDS: Record<TraceKind, string> = {
  chat: 'chat',
  embeddings: 'embeddings',
  files: 'files',
  batches: 'batches',
  images: 'images',
  audio: 'audio',
  moderations: 'moderations',
};
/** What people say of a call, in words. */
export const VERDICTS: Record<Verdict, string> = { up: 'thumbs up', down: 'thumbs down', corrected: 'corrected' };

const TEXTS = ['text', 'alias', 'model', 'target', 'provider', 'cluster', 'key', 'session', 'user'] as const;
const NUMBERS = ['minCostUsd', 'maxCostUsd', 'minLatencyMs', 'maxLatencyMs'] as const;
const TIMES = ['since', 'until'] as const;

/** What the address of the traces page says: the filter, and the trace that is open. */
export interface TraceSearch
  extends Partial<Record<(typeof TEXTS)[number] | (typeof TIMES)[number], string>>, Partial<Record<(typeof NUMBERS)[number], number>> {
  status?: TraceStatus;
  origin?: Origin;
  kind?: TraceKind;
  verdict?: Verdict;
  /** Up to now; instead of `since` and `until`. */
  range?: Range;
  /** `key=value`, more of them behind commas. */
  meta?: string;
  live?: boolean;
  /** Id of the trace in the drawer. */
  trace?: string;
}

/** The part of a search that is a filter. */
export type TraceConditions = Omit<TraceSearch, 'live' | 'trace'>;

/** A change of a search; what is empty is taken out of it. */
export type SearchChange = Partial<Record<keyof TraceSearch, unknown>>;

/** Reads the search parameters; what is not understood is left out. */
export function readTraceSearch(search: Record<string, unknown>): TraceSearch {
  const read: TraceSearch = {};
  for (const key of [...TEXTS, 'meta', 'trace'] as const) {
    const value = search[key];
    if (['string', 'number', 'boolean'].includes(typeof value) && value !== '') read[key] = String(value);
  }
  for (const key of NUMBERS) {
    const value = search[key];
    if (value !== '' && value !== null && Number.isFinite(Number(value))) read[key] = Number(value);
  }
  for (const key of TIMES) {
    const value = search[key];
    if (typeof value === 'string' && !Number.isNaN(Date.parse(value))) read[key] = new Date(value).toISOString();
  }
  const { status, origin, kind, verdict, range } = search;
  if (isOneOf(STATUSES, status)) read.status = status;
  if (isOneOf(ORIGINS, origin)) read.origin = origin;
  if (isOneOf(KINDS, kind)) read.kind = kind;
  if (isOneOf(VERDICTS, verdict)) read.verdict = verdict;
  if (typeof range === 'string' && range in RANGES && range !== 'all' && !read.since && !read.until) read.range = range as Range;
  if (search['live'] === true) read.live = true;
  return read;
}

/** The filter alone, without what the address says besides (the project, too). */
export function conditionsOf(search: TraceSearch): TraceConditions {
  const { live: _, trace: __, ...conditions } = readTraceSearch({ ...search });
  return conditions;
}

/** The API's filter of a search; `nowMs` is where the time range ends. */
export function traceFilterOf(conditions: TraceConditions, nowMs: number): Partial<TraceFilter> {
  const { range, meta, text, ...plain } = conditions;
  const metadata = pairsOf(meta ?? '');
  const ageMs = range ? RANGES[range] : null;
  return {
    ...plain,
    ...(text && hasWord(text) ? { text } : {}),
    ...(Object.keys(metadata).length > 0 ? { metadata } : {}),
    ...(ageMs ? { since: new Date(nowMs - ageMs).toISOString() } : {}),
  };
}

/** Whether there is anything to look for: the API searches for words. */
export function hasWord(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text);
}

/** Pairs of `run=7, call=a=b`; what is half written is left out. */
export function pairsOf(meta: string): Record<string, string> {
  const pairs = meta.split(/,(?=[^,=]+=)/).map((pair) => /^([^=]+)=(.*)$/.exec(pair));
  return Object.fromEntries(pairs.flatMap((pair) => (pair ? [[pair[1]!.trim(), pair[2]!.trim()]] : [])));
}

function isOneOf<T extends string>(all: Record<T, string>, value: unknown): value is T {
  return typeof value === 'string' && Object.hasOwn(all, value);
}
