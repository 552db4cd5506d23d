import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { TraceRow } from '../../contracts/traces.ts';
import type { CallObserver } from './observer.ts';

/** Answers take from milliseconds (students) to minutes (reasoning). */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320];
const OWN_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5];
/** Callers choose models: beyond so many names the rest is one. */
const MAX_NAMES = 500;
const OTHER = 'other';

/** A value that is looked at when somebody asks. */
export interface LiveValue {
  name: string;
  help: string;
  type: 'gauge' | 'counter';
  value: () => number | { labels: Record<string, string>; value: number }[];
}

export interface Metrics extends CallObserver {
  /** Prometheus' text format. */
  text(): Promise<string>;
  readonly contentType: string;
}

/**
 * The gateway's metrics, in prom-client. Labels are looked up once for each combination and kept, since that costs more than
 * counting.
 */
export function gatewayMetrics(live: readonly LiveValue[]): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const target = { labelNames: ['target'] as const, registers };
  const requests = new Counter({
    name: 'stillhouse_requests_total',
    help: 'Calls by how they ended',
    labelNames: ['alias', 'target', 'status', 'error_class'],
    registers,
  });
  const attempts = new Counter({
    name: 'stillhouse_attempts_total',
    help: 'Calls to targets; error_class is empty where one answered',
    labelNames: ['target', 'error_class'],
    registers,
  });
  const durations = new Histogram({
    name: 'stillhouse_request_seconds',
    help: 'From a call to the end of its answer',
    buckets: SECONDS,
    ...target,
  });
  const firstTokens = new Histogram({
    name: 'stillhouse_first_token_seconds',
    help: 'From a call to the first token of its stream',
    buckets: SECONDS,
    ...target,
  });
  const overheads = new Histogram({
    name: 'stillhouse_overhead_seconds',
    help: 'What of a whole answer the gateway itself took',
    buckets: OWN_SECONDS,
    registers,
  });
  const tokens = new Counter({
    name: 'stillhouse_tokens_total',
    help: 'Tokens as providers counted them; cached and cache_write are of input, reasoning is of output',
    labelNames: ['target', 'kind'],
    registers,
  });
  const cost = new Counter({ name: 'stillhouse_cost_usd_total', help: 'US dollars of priced answers', ...target });
  const unpriced = new Counter({ name: 'stillhouse_unpriced_total', help: 'Answers of which nobody knows the price', ...target });
  for (const value of live) liveMetric(value, registers);

  const names = new Set<string>();
  const nameOf = (name: string) => {
    if (names.has(name)) return name;
    if (names.size >= MAX_NAMES) return OTHER;
    names.add(name);
    return name;
  };
  const bound = boundLabels((name) => {
    const by = { target: name };
    const tokensOf = (kind: string) => tokens.labels(name, kind);
    return {
      duration: durations.labels(by),
      firstToken: firstTokens.labels(by),
      cost: cost.labels(by),
      unpriced: unpriced.labels(by),
      tokens: { in: tokensOf('input'), out: tokensOf('output'), cached: tokensOf('cached'), reasoning: tokensOf('reasoning') },
    };
  });
  const requestOf = boundLabels((key) => {
    const [alias, name, status, errorClass] = key.split('\n') as [string, string, string, string];
    return requests.labels(alias, name, status, errorClass);
  });
  const attemptOf = boundLabels((key) => {
    const [name, errorClass] = key.split('\n') as [string, string];
    return attempts.labels(name, errorClass);
  });
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    ended(row, { totalMs, overheadMs }) {
      const name = nameOf(row.target);
      requestOf(`${nameOf(row.alias)}\n${name}\n${row.status}\n${row.error_class}`).inc();
      for (const attempt of row.attempts) attemptOf(`${nameOf(attempt.target)}\n${attempt.error_class}`).inc();
      if (overheadMs !== null) overheads.observe(overheadMs / 1000);
      countAnswer(row, bound(name), totalMs);
    },
  };
}

interface Counting {
  inc(value?: number): void;
}
interface Observing {
  observe(value: number): void;
}
interface OfTarget {
  duration: Observing;
  firstToken: Observing;
  cost: Counting;
  unpriced: Counting;
  tokens: Record<'in' | 'out' | 'cached' | 'reasoning', Counting>;
}

function countAnswer(row: TraceRow, of: OfTarget, totalMs: number): void {
  of.duration.observe(totalMs / 1000);
  if (row.first_token_ms > 0) of.firstToken.observe(row.first_token_ms / 1000);
  of.tokens.in.inc(row.tokens_in);
  of.tokens.out.inc(row.tokens_out);
  if (row.tokens_cached > 0) of.tokens.cached.inc(row.tokens_cached);
  if (row.tokens_reasoning > 0) of.tokens.reasoning.inc(row.tokens_reasoning);
  if (row.cost_usd === null) of.unpriced.inc();
  else of.cost.inc(row.cost_usd);
}

function boundLabels<T>(make: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>();
  return (key) => {
    let found = known.get(key);
    if (found === undefined) known.set(key, (found = make(key)));
    return found;
  };
}

function liveMetric({ name, help, type, value }: LiveValue, registers: Registry[]): void {
  const names = { name: `stillhouse_${name}`, help, registers };
  const labelled = value();
  const labelNames = Array.isArray(labelled) ? ['target', 'state'] : [];
  if (type === 'gauge') {
    new Gauge({
      ...names,
      labelNames,
      collect() {
        const now = value();
        this.reset();
        if (!Array.isArray(now)) this.set(now);
        else for (const one of now) this.set(one.labels, one.value);
      },
    });
    return;
  }
  new Counter({
    ...names,
    collect() {
      this.reset();
      this.inc(value() as number);
    },
  });
}
