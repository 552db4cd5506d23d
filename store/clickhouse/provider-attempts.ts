import { z } from 'zod';
import type { ErrorCode } from '../../contracts/errors.ts';
import { TABLES } from '../../contracts/names.ts';
import type { ProviderError, ProviderHour } from '../../contracts/providers.ts';
import type { ClickHouseClient } from './connection.ts';
import { defineQuery, runQuery } from './query.ts';

/** Errors that say nothing of the provider: the caller went away, or asked for what it can't do. */
const NOT_ITS_OWN: ErrorCode[] = ['cancelled', 'invalid_request', 'invalid_json', 'body_too_large'];

/** Targets that were called most are told apart up to here: callers choose names. */
const MOST_TARGETS = 1000;
const ERRORS_SHOWN = 5;

const Parameters = z.object({ project: z.string(), since: z.string(), notItsOwn: z.array(z.string()) });
// Imported calls were made by other gateways.
const WHERE = "WHERE project = {project:String} AND ts >= parseDateTime64BestEffort({since:String}, 3, 'UTC') AND origin != 'import'";
const FAILED = "error_class != '' AND NOT has({notItsOwn:Array(String)}, error_class)";

const HOURS = defineQuery({
  name: 'attempts by provider',
  // The row of an empty target is the whole provider.
  sql: `SELECT provider, target, count() AS attempts, countIf(${FAILED}) AS errors, countIf(error_class = '') AS answered,
      quantilesTDigestIf(0.5, 0.95)(latency_ms, error_class = '') AS quantiles,
      if(answered = 0, NULL, quantiles[1]) AS p50, if(answered = 0, NULL, quantiles[2]) AS p95
    FROM ${TABLES.attempts} ${WHERE} GROUP BY GROUPING SETS ((provider), (provider, target))
    ORDER BY attempts DESC, provider, target LIMIT ${MOST_TARGETS}`,
  parameters: Parameters,
  row: z.object({
    provider: z.string(),
    target: z.string(),
    attempts: z.number(),
    errors: z.number(),
    p50: z.number().nullable(),
    p95: z.number().nullable(),
  }),
});

const ERRORS = defineQuery({
  name: 'newest failed attempts by provider',
  sql: `SELECT provider, target, ts, trace_id, status, error_class FROM ${TABLES.attempts} ${WHERE} AND ${FAILED}
    ORDER BY ts DESC, trace_id DESC, number DESC LIMIT ${ERRORS_SHOWN} BY provider`,
  parameters: Parameters,
  row: z.object({
    provider: z.string(),
    target: z.string(),
    ts: z.string(),
    trace_id: z.string(),
    status: z.number(),
    error_class: z.string(),
  }),
});

/** What attempts tell of providers. */
export interface ProviderAttempts {
  byProvider: ReadonlyMap<string, ProviderHour>;
  byTarget: ReadonlyMap<string, ProviderHour>;
  /** The newest five of each, newest first. */
  errors: ReadonlyMap<string, ProviderError[]>;
}

/**
 * A project's attempts since a time, by provider and target. From the attempts, not the roll-ups: those count a call with
 * the target that answered it, so that a provider whose every failure is caught by a fallback would look well.
 */
export async function providerAttempts(client: ClickHouseClient, project: string, sinceIso: string): Promise<ProviderAttempts> {
  const parameters = { project, since: sinceIso, notItsOwn: NOT_ITS_OWN };
  const [hours, errors] = await Promise.all([runQuery(client, HOURS, parameters), runQuery(client, ERRORS, parameters)]);
  const byProvider = new Map<string, ProviderHour>();
  const byTarget = new Map<string, ProviderHour>();
  for (const { provider, target, attempts, errors: failed, p50, p95 } of hours) {
    const hour = { attempts, errors: failed, errorRate: failed / attempts, p50Ms: p50, p95Ms: p95 };
    if (target === '') byProvider.set(provider, hour);
    else byTarget.set(target, hour);
  }
  const failures = errors.map(({ provider, target, ts, trace_id: traceId, status, error_class: errorClass }) => ({
    provider,
    error: { at: ts, traceId, target, status, errorClass },
  }));
  const grouped = Map.groupBy(failures, ({ provider }) => provider);
  return { byProvider, byTarget, errors: new Map([...grouped].map(([id, all]) => [id, all.map(({ error }) => error)])) };
}

/** Of what was not called. */
export const NO_ATTEMPTS: Readonly<ProviderHour> = Object.freeze({ attempts: 0, errors: 0, errorRate: null, p50Ms: null, p95Ms: null });
