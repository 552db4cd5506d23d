import { join } from 'node:path';
import { demoMessages } from '../../examples/banking77/banking77.ts';
import type { TraceRow } from '../../contracts/traces.ts';
import { insertTraceSegment } from '../../store/clickhouse/traces.ts';
import { labProvider } from '../gateway/gateway-process.ts';
import { linesOf, traceRow } from '../store/trace-fixtures.ts';
import { type DistilBench, LABELS, startDistilBench } from '../support/distil-bench.ts';
import { type NamingUpstream, startNamingUpstream } from '../support/naming-upstream.ts';

export const NAMER = 'namer/test';

/** The engines, a gateway, and a model that names, around a worker under test. */
export interface ClusterBench extends DistilBench {
  namer: NamingUpstream;
  /** Records calls as the gateway's shipper does. */
  record(rows: readonly Partial<TraceRow>[]): Promise<TraceRow[]>;
}

/** Real messages of four intents and their answers. */
export function messages(perLabel: number, file: 'train' | 'test' = 'train'): { text: string; label: string }[] {
  return LABELS.flatMap((label) => demoMessages(file, [label]).slice(0, perLabel));
}

/** A call that asks `text` and was answered with `label`. */
export function callOf({ text, label }: { text: string; label: string }, values: Partial<TraceRow> = {}): Partial<TraceRow> {
  return { request: JSON.stringify({ messages: [{ role: 'user', content: text }] }), prompt_text: text, answer_text: label, ...values };
}

/**
 * `namers`: further providers, each below a path of its own at the same upstream, so that what each has paid can be told apart.
 * `projects`: those that call them, by default one for each.
 */
export async function startClusterBench(
  namers: readonly string[] = [],
  gatewayLimits: object = {},
  projects = namers,
): Promise<ClusterBench> {
  const all = [...messages(1_000), ...messages(1_000, 'test')];
  const namer = await startNamingUpstream(new Map(all.map(({ text, label }) => [text.trim(), label])));
  const further = namers.map((id) => labProvider(`${namer.url}/${id}`, { id }));
  const bench = await startDistilBench({ providers: [labProvider(namer.url, { id: 'namer' }), ...further], gatewayLimits, projects });
  let segment = 0;
  let at = Date.now() - 6 * 3_600_000;
  return {
    ...bench,
    namer,
    async record(rows) {
      const token = `cluster-test-${segment++}`;
      const whole = rows.map((row) => traceRow((at += 7), { segment_id: token, ...row }));
      await insertTraceSegment(bench.clickhouse.client, { token, lines: linesOf(whole) });
      return whole;
    },
    workerEnv: (home, namespace) => ({ ...bench.workerEnv(home, namespace), STILLHOUSE_ARTIFACTS: `file:${join(home, 'artifacts')}` }),
    async stop() {
      await bench.stop();
      await namer.stop();
    },
  };
}
