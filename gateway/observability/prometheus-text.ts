/** Numbers in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/). */

type Labels = Readonly<Record<string, string>>;
export interface Sample {
  labels: Labels;
  value: number;
}

export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Counters by a key of label values, joined by line breaks. */
export class Counts {
  readonly #counts = new Map<string, { value: number }>();

  add(key: string): void {
    const found = this.#counts.get(key);
    if (found) found.value++;
    else this.#counts.set(key, { value: 1 });
  }

  samples(names: readonly string[]): Sample[] {
    return [...this.#counts].map(([key, { value }]) => {
      const values = key.split('\n');
      return { labels: Object.fromEntries(names.map((name, index) => [name, values[index] ?? ''])), value };
    });
  }
}

/** A histogram of seconds; `bounds` rise. */
export class Durations {
  readonly bounds: readonly number[];
  /** How many fell into each bucket alone; the last has no bound. */
  readonly buckets: number[];
  sum = 0;
  count = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.buckets = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(seconds: number): void {
    let at = 0;
    while (at < this.bounds.length && seconds > this.bounds[at]!) at++;
    this.buckets[at]!++;
    this.sum += seconds;
    this.count++;
  }
}

/** One metric with its samples. */
export function textOf(name: string, type: 'gauge' | 'counter', help: string, samples: readonly Sample[]): string {
  return head(name, type, help) + samples.map(({ labels, value }) => line(name, labels, value)).join('');
}

/** One histogram with its series; those without an observation are left out. */
export function labelled(name: string, help: string, series: readonly { labels: Labels; durations: Durations }[]): string {
  const lines = series.flatMap(({ labels, durations }) => {
    if (durations.count === 0) return [];
    let sum = 0;
    const buckets = durations.buckets.map((count, index) => {
      sum += count;
      return line(`${name}_bucket`, { ...labels, le: String(durations.bounds[index] ?? '+Inf') }, sum);
    });
    return [...buckets, line(`${name}_sum`, labels, durations.sum), line(`${name}_count`, labels, durations.count)];
  });
  return head(name, 'histogram', help) + lines.join('');
}

function head(name: string, type: string, help: string): string {
  return `# HELP stillhouse_${name} ${help}\n# TYPE stillhouse_${name} ${type}\n`;
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(
    ([key, text]) => `${key}="${text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')}"`,
  );
  return `stillhouse_${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`;
}
