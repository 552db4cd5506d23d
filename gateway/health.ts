import type { Context } from 'hono';
import type { SnapshotHolder } from './aliases/snapshot-holder.ts';
import type { Admission } from './limits/admission.ts';
import { PROMETHEUS_TYPE } from './observability/prometheus-text.ts';
import type { LiveValue } from './observability/metrics.ts';
import { allMetrics, type Siblings } from './processes/siblings.ts';
import type { CircuitBreakers } from './routing/circuit-breaker.ts';
import type { Tracer } from './tracing/tracer.ts';

export interface HealthParts {
  snapshots: SnapshotHolder;
  tracer: Tracer;
}

/** What `/metrics` looks at when it is asked. */
export interface LiveParts {
  tracer: Tracer;
  admission: Admission;
  breakers: CircuitBreakers;
}

/** `GET /readyz`: 200 whenever a call would be answered and recorded, with ClickHouse and Temporal down too. */
export function readiness(parts: HealthParts): (c: Context) => Response {
  return function answerReady(c) {
    const missing = [];
    if (!parts.snapshots.ready()) missing.push('the registry has not sent its first snapshot yet');
    if (!parts.tracer.writable()) missing.push('calls cannot be recorded: the disk of the spool is full or cannot be written');
    return missing.length === 0 ? c.json({ status: 'ready' }) : c.json({ status: 'not ready', reasons: missing }, 503);
  };
}

/** `GET /metrics`: Prometheus' text format, of all processes of this gateway. */
export function metrics({ siblings }: { siblings: Siblings }): (c: Context) => Promise<Response> {
  return async function answerMetrics(c) {
    return c.text(allMetrics(await siblings.reports()), 200, { 'content-type': PROMETHEUS_TYPE });
  };
}

/** What can be seen of a gateway at any time. */
export function liveValues({ tracer, admission, breakers }: LiveParts): LiveValue[] {
  const spool = () => tracer.stats();
  const states = { closed: 0, 'half-open': 1, open: 2 };
  const breakerStates = () => breakers.states().map(({ target, state }) => ({ labels: { target, state }, value: states[state] }));
  return [
    { name: 'calls_in_flight', type: 'gauge', help: 'Calls that have not been answered yet', value: () => admission.inFlight() },
    { name: 'calls_total', type: 'counter', help: 'Calls recorded by this process', value: () => tracer.counters().rows },
    { name: 'pipeline_shed_total', type: 'counter', help: 'Pipeline calls turned away', value: () => admission.shed() },
    { name: 'breaker_state', type: 'gauge', help: 'Targets that failed of late: 0 closed, 1 half open, 2 open', value: breakerStates },
    { name: 'spool_segments', type: 'gauge', help: 'Segments that wait for ClickHouse', value: () => spool().segments },
    { name: 'spool_bytes', type: 'gauge', help: 'Bytes that wait for ClickHouse', value: () => spool().bytes },
    { name: 'spool_oldest_age_seconds', type: 'gauge', help: 'Age of the oldest trace that waits', value: () => spool().oldestAgeS },
    { name: 'spool_writable', type: 'gauge', help: '1 while calls can be recorded', value: () => (tracer.writable() ? 1 : 0) },
    {
      name: 'trace_bodies_shed_total',
      type: 'counter',
      help: 'Traces recorded without bodies, since the spool was over its quota',
      value: () => tracer.counters().bodiesShed,
    },
    {
      name: 'trace_rows_rejected_total',
      type: 'counter',
      help: 'Traces that ClickHouse refused, set aside on disk',
      value: () => tracer.counters().rowsRejected,
    },
  ];
}
