import type { Context } from 'hono';
import type { SnapshotHolder } from './aliases/snapshot-holder.ts';
import type { Admission } from './limits/admission.ts';
import type { Tracer } from './tracing/tracer.ts';

export interface HealthParts {
  snapshots: SnapshotHolder;
  tracer: Tracer;
  admission: Admission;
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

/** `GET /metrics`: Prometheus' text format. */
export function metrics(parts: HealthParts): (c: Context) => Response {
  return function answerMetrics(c) {
    const spool = parts.tracer.stats();
    const counters = parts.tracer.counters();
    const lines = [
      ['calls_in_flight', 'gauge', 'Calls that have not been answered yet', parts.admission.inFlight()],
      ['calls_total', 'counter', 'Calls recorded by this process', counters.rows],
      ['pipeline_shed_total', 'counter', 'Pipeline calls turned away', parts.admission.shed()],
      ['spool_segments', 'gauge', 'Segments that wait for ClickHouse', spool.segments],
      ['spool_bytes', 'gauge', 'Bytes that wait for ClickHouse', spool.bytes],
      ['spool_oldest_age_seconds', 'gauge', 'Age of the oldest trace that waits', spool.oldestAgeS],
      ['spool_writable', 'gauge', '1 while calls can be recorded', parts.tracer.writable() ? 1 : 0],
      ['trace_bodies_shed_total', 'counter', 'Traces recorded without bodies, since the spool was over its quota', counters.bodiesShed],
      ['trace_rows_rejected_total', 'counter', 'Traces that ClickHouse refused, set aside on disk', counters.rowsRejected],
    ] as const;
    const text = lines.map(
      ([name, type, help, value]) => `# HELP stillhouse_${name} ${help}\n# TYPE stillhouse_${name} ${type}\nstillhouse_${name} ${value}\n`,
    );
    return c.text(text.join(''), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
  };
}
