import type { Distillation } from '../../contracts/distil.ts';

/** `.stillhouse/demo-report.json`. Accuracies are shares (0 to 1). */
export interface DemoReport {
  teacher: { accuracy: number; usdPer1k: number | null; p50Ms: number | null; simulated: boolean };
  students: StudentReport[];
  /** `after` equals `before` where no student was good enough. */
  alias: { name: string; before: string; after: string };
  traces: TraceCount;
  durationS: number;
  /** Strikes with SIGKILL of `--chaos`. */
  interruptions: number;
}

/** One student beside the teacher; `low` and `high` are its accuracy by the paired 95 % interval around the teacher's. */
export interface StudentReport {
  name: string;
  kind: 'encoder' | 'language-model';
  accuracy: number;
  low: number;
  high: number;
  differencePoints: { points: number; low: number; high: number };
  usdPer1k: number | null;
  p50Ms: number | null;
  decision: string;
  n: number;
}

/** The app's own count of answered calls, held against SQL's count of stored traces. */
export interface TraceCount {
  received: number;
  storedOfReceived: number;
  duplicates: number;
  storedNotReceived: number;
}

/** The student's line of the report, from the run's evaluation. */
export function studentReport(run: Distillation): StudentReport {
  const evaluation = run.evaluation;
  if (!evaluation || !run.student) throw new Error(`The distillation ${run.name} ended without an evaluation: ${run.error ?? run.status}`);
  const { teacher, student, difference } = evaluation;
  const share = (points: number) => round(Math.min(1, Math.max(0, teacher.accuracy + points / 100)), 4);
  return {
    name: run.student,
    kind: run.input.student === 'encoder' ? 'encoder' : 'language-model',
    accuracy: round(student.accuracy, 4),
    low: share(difference.low),
    high: share(difference.high),
    differencePoints: difference,
    usdPer1k: student.usdPer1k,
    p50Ms: student.p50Ms,
    decision: evaluation.decision,
    n: evaluation.n,
  };
}

/** The cheapest student that is not worse than the teacher; of equally cheap ones the more accurate. Null where none is. */
export function cheapestGoodStudent(students: readonly StudentReport[]): StudentReport | null {
  const price = (one: StudentReport) => one.usdPer1k ?? Number.POSITIVE_INFINITY;
  const good = students.filter((one) => one.decision === 'not_worse');
  return good.toSorted((a, b) => price(a) - price(b) || b.accuracy - a.accuracy)[0] ?? null;
}

/** What the demo prints at its end. */
export function renderReport(report: DemoReport, live: { accuracy: number; n: number; p50Ms: number }): string {
  const { teacher } = report;
  const header = ['', 'accuracy', 'USD per 1,000 calls', 'median latency'];
  const rows = [
    [`teacher${teacher.simulated ? ' (simulated)' : ''}`, percent(teacher.accuracy), usd(teacher.usdPer1k), ms(teacher.p50Ms)],
    ...report.students.map((one) => [one.name, percent(one.accuracy), usd(one.usdPer1k), ms(one.p50Ms)]),
  ];
  const lines = [...table([header, ...rows]), ''];
  for (const one of report.students) {
    const { points, low, high } = one.differencePoints;
    lines.push(
      `${one.name} − teacher on ${one.n} unseen rows: ${signed(points)} points, paired 95 % interval ${signed(low)} to ${signed(high)}: ${one.decision.replace('_', ' ')}.`,
    );
  }
  const { name, before, after } = report.alias;
  lines.push(after === before ? `${name} stays with ${before}: no student proved itself.` : `${name}: ${before} → ${after}`);
  if (live.n > 0)
    lines.push(`The same app afterwards, ${live.n} new messages: ${percent(live.accuracy)} right, ${ms(live.p50Ms)} at the median.`);
  const { received, storedOfReceived, duplicates } = report.traces;
  lines.push(`Traces: ${received} calls answered, ${storedOfReceived} of them stored, ${duplicates} doubled.`);
  if (report.interruptions > 0) lines.push(`Chaos: ${report.interruptions} parts struck with SIGKILL on the way.`);
  lines.push(`Took ${Math.floor(report.durationS / 60)} min ${Math.round(report.durationS % 60)} s.`);
  return lines.join('\n');
}

/** The middle value; null of nothing. */
export function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted.length === 0 ? null : round(sorted[sorted.length >> 1]!, 1);
}

function table(rows: string[][]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: string[]) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('   ');
  return [line(rows[0]!), widths.map((width) => '─'.repeat(width)).join('───'), ...rows.slice(1).map(line)];
}

const round = (value: number, digits: number) => Number(value.toFixed(digits));
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
const signed = (points: number) => `${points >= 0 ? '+' : '−'}${Math.abs(points).toFixed(1)}`;
const ms = (value: number | null) => (value === null ? '—' : value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`);
const usd = (value: number | null) => (value === null ? 'unpriced' : value < 0.01 ? `$${value.toPrecision(2)}` : `$${value.toFixed(2)}`);
