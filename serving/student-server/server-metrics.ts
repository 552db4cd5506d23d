import type { EngineStats } from '../language-model/engine-contract.ts';

/** Upper ends of the latency buckets, in seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30];

/** Counts calls for `/metrics`. */
export class ServerMetrics {
  readonly #byStatus = new Map<number, number>();
  readonly #buckets = BUCKETS.map(() => 0);
  #calls = 0;
  #seconds = 0;
  #inFlight = 0;

  begin(): (status: number) => void {
    const began = performance.now();
    this.#inFlight += 1;
    return (status) => {
      const seconds = (performance.now() - began) / 1000;
      this.#inFlight -= 1;
      this.#byStatus.set(status, (this.#byStatus.get(status) ?? 0) + 1);
      this.#calls += 1;
      this.#seconds += seconds;
      BUCKETS.forEach((end, index) => {
        if (seconds <= end) this.#buckets[index]! += 1;
      });
    };
  }

  inFlight(): number {
    return this.#inFlight;
  }

  /** Prometheus' text format. */
  text(engine: EngineStats): string {
    const lines: string[] = [];
    const metric = (name: string, type: string, help: string, values: [labels: string, value: number][]) => {
      lines.push(`# HELP stillhouse_student_${name} ${help}`, `# TYPE stillhouse_student_${name} ${type}`);
      for (const [labels, value] of values) lines.push(`stillhouse_student_${name}${labels} ${value}`);
    };
    const one = (value: number): [string, number][] => [['', value]];
    metric(
      'requests_total',
      'counter',
      'Chat completions answered, by HTTP status',
      [...this.#byStatus].map(([status, n]) => [`{status="${status}"}`, n]),
    );
    metric('requests_in_flight', 'gauge', 'Chat completions that have not ended', one(this.#inFlight));
    metric('queue', 'gauge', 'Calls that wait for a sequence of their student', one(engine.waiting));
    metric('tokens_total', 'counter', 'Tokens of answers and prompts; cached ones were not computed again', [
      ['{kind="prompt"}', engine.promptTokens],
      ['{kind="cached"}', engine.cachedTokens],
      ['{kind="answer"}', engine.answerTokens],
    ]);
    metric('compute_seconds_total', 'counter', 'Time of one core, or of the GPU', one(engine.computeMs / 1000));
    metric('loaded', 'gauge', 'Students in memory', one(engine.students.length));
    metric('bases_loaded', 'gauge', 'Base models in memory', one(engine.bases.length));
    metric('memory_bytes', 'gauge', 'Memory of models, adapters and contexts', one(engine.bytes));
    metric('memory_limit_bytes', 'gauge', 'Memory that they may have', one(engine.maxBytes));
    metric('loads_total', 'counter', 'Students loaded', one(engine.loads));
    metric('evictions_total', 'counter', 'Students and bases dropped to make room', one(engine.evictions));
    lines.push(
      '# HELP stillhouse_student_latency_seconds From request to whole answer',
      '# TYPE stillhouse_student_latency_seconds histogram',
    );
    BUCKETS.forEach((end, index) => lines.push(`stillhouse_student_latency_seconds_bucket{le="${end}"} ${this.#buckets[index]}`));
    lines.push(
      `stillhouse_student_latency_seconds_bucket{le="+Inf"} ${this.#calls}`,
      `stillhouse_student_latency_seconds_sum ${this.#seconds}`,
      `stillhouse_student_latency_seconds_count ${this.#calls}`,
    );
    return `${lines.join('\n')}\n`;
  }
}
