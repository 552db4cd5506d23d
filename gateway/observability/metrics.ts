import type { TraceRow } from '../../contracts/traces.ts';
import type { CallObserver } from './observer.ts';
import { Counts, Durations, labelled, textOf } from './prometheus-text.ts';

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
  /** What a call that had ended long before has used after all: a batch. It is no call, and took no time. */
  used(row: TraceRow): void;
  /** Prometheus' text format. */
  text(): string;
}

/** What is counted of a target, in plain numbers: labels become text when somebody asks. */
interface OfTarget {
  durations: Durations;
  firstTokens: Durations;
  costUsd: number;
  unpriced: number;
  tokens: { input: number; output: number; cached: number; reasoning: number };
}

/**
 * The gateway's metrics. Counted by hand, for each call pays for it: a call's numbers take 0.1 µs; by prom-client they took 1.3,
 * of the 90 that a call takes at all.
 */
export function gatewayMetrics(live: readonly LiveValue[]): Metrics {
  const requests = new Counts();
  const attempts = new Counts();
  const overheads = new Durations(OWN_SECONDS);
  const targets = new Map<string, OfTarget>();
  const aliases = new Set<string>();
  // A model's name is the caller's, and lines part what is counted together.
  const nameOf = (known: { has(name: string): boolean; size: number }, said: string) => {
    const name = said.includes('\n') ? said.replaceAll('\n', '_') : said;
    return known.has(name) || known.size < MAX_NAMES ? name : OTHER;
  };
  const of = (target: string): OfTarget => {
    const name = nameOf(targets, target);
    let found = targets.get(name);
    if (!found) targets.set(name, (found = newTarget()));
    return found;
  };
  return {
    ended(row, { totalMs, overheadMs }) {
      const alias = nameOf(aliases, row.alias);
      aliases.add(alias);
      requests.add(`${alias}\n${nameOf(targets, row.target)}\n${row.status}\n${row.error_class}`);
      for (const { target, error_class: errorClass } of row.attempts) attempts.add(`${nameOf(targets, target)}\n${errorClass}`);
      if (overheadMs !== null) overheads.observe(overheadMs / 1000);
      countAnswer(row, of(row.target), totalMs);
    },
    used: (row) => countUse(row, of(row.target)),
    text() {
      const all = [...targets].map(([target, one]) => ({ labels: { target }, one }));
      const numbers = (value: (one: OfTarget) => number) => all.map(({ labels, one }) => ({ labels, value: value(one) }));
      const kinds = ['input', 'output', 'cached', 'reasoning'] as const;
      return [
        textOf('requests_total', 'counter', 'Calls by how they ended', requests.samples(['alias', 'target', 'status', 'error_class'])),
        textOf(
          'attempts_total',
          'counter',
          'Calls to targets; error_class is empty where one answered',
          attempts.samples(['target', 'error_class']),
        ),
        labelled(
          'request_seconds',
          'From a call to the end of its answer',
          all.map(({ labels, one }) => ({ labels, durations: one.durations })),
        ),
        labelled(
          'first_token_seconds',
          'From a call to the first token of its stream',
          all.map(({ labels, one }) => ({ labels, durations: one.firstTokens })),
        ),
        labelled('overhead_seconds', 'What of a whole answer the gateway itself took', [{ labels: {}, durations: overheads }]),
        textOf(
          'tokens_total',
          'counter',
          'Tokens as providers counted them; cached are of input, reasoning of output',
          all.flatMap(({ labels, one }) => kinds.map((kind) => ({ labels: { ...labels, kind }, value: one.tokens[kind] }))),
        ),
        textOf(
          'cost_usd_total',
          'counter',
          'US dollars of priced answers',
          numbers((one) => one.costUsd),
        ),
        textOf(
          'unpriced_total',
          'counter',
          'Answers of which nobody knows the price',
          numbers((one) => one.unpriced),
        ),
        ...live.map(({ name, type, help, value }) => {
          const now = value();
          return textOf(name, type, help, typeof now === 'number' ? [{ labels: {}, value: now }] : now);
        }),
      ].join('');
    },
  };
}

function newTarget(): OfTarget {
  const tokens = { input: 0, output: 0, cached: 0, reasoning: 0 };
  return { durations: new Durations(SECONDS), firstTokens: new Durations(SECONDS), costUsd: 0, unpriced: 0, tokens };
}

function countAnswer(row: TraceRow, of: OfTarget, totalMs: number): void {
  of.durations.observe(totalMs / 1000);
  if (row.first_token_ms > 0) of.firstTokens.observe(row.first_token_ms / 1000);
  countUse(row, of);
}

function countUse(row: TraceRow, of: OfTarget): void {
  of.tokens.input += row.tokens_in;
  of.tokens.output += row.tokens_out;
  of.tokens.cached += row.tokens_cached;
  of.tokens.reasoning += row.tokens_reasoning;
  if (row.cost_usd === null) of.unpriced++;
  else of.costUsd += row.cost_usd;
}
