import type { Overview } from '../../contracts/http.ts';
import type { BreakerStanding } from '../routing/circuit-breaker.ts';
import type { FromPrimary, NumberedReport, ProcessReport, ToPrimary } from './messages.ts';

/** The processes of one gateway, this one among them. */
export interface Siblings {
  /** What each says of itself; one that does not answer within a second is left out. */
  reports(): Promise<NumberedReport[]>;
}

/** The channel to the primary: `process`, in a process that it has forked. */
interface Channel {
  on(event: 'message', listener: (message: unknown) => void): unknown;
  send?(message: ToPrimary): unknown;
}

/** A gateway of one process. */
export function alone(report: () => ProcessReport): Siblings {
  return { reports: () => Promise.resolve([{ process: 1, report: report() }]) };
}

/** A process beside others. */
export function amongSiblings(channel: Channel, report: () => ProcessReport): Siblings {
  const waiting = new Map<number, (reports: NumberedReport[]) => void>();
  let asked = 0;
  channel.on('message', (message) => {
    const { type, ...rest } = message as FromPrimary;
    if (type === 'tell') {
      const { id, from } = rest as Extract<FromPrimary, { type: 'tell' }>;
      channel.send!({ type: 'told', id, from, report: report() });
    } else if (type === 'answer') {
      const { id, reports } = rest as Extract<FromPrimary, { type: 'answer' }>;
      waiting.get(id)?.(reports);
      waiting.delete(id);
    }
  });
  return {
    reports: () =>
      new Promise((resolve) => {
        const id = ++asked;
        waiting.set(id, resolve);
        channel.send!({ type: 'ask', id });
      }),
  };
}

/** All spools of the gateway as one. */
export function allSpools(reports: readonly NumberedReport[]): Overview['spool'] {
  const spools = reports.map(({ report }) => report.spool);
  return {
    segments: spools.reduce((sum, { segments }) => sum + segments, 0),
    bytes: spools.reduce((sum, { bytes }) => sum + bytes, 0),
    oldestAgeS: Math.max(0, ...spools.map(({ oldestAgeS }) => oldestAgeS)),
  };
}

const BADNESS = { closed: 0, 'half-open': 1, open: 2 };
const comparedBadness = (a: BreakerStanding, b: BreakerStanding) => BADNESS[a.state] - BADNESS[b.state] || a.waitMs - b.waitMs;

/** Breakers of all processes: of a target the worst, of two that are open the one that is longer so. */
export function allBreakers(reports: readonly NumberedReport[]): BreakerStanding[] {
  const worst = new Map<string, BreakerStanding>();
  for (const breaker of reports.flatMap(({ report }) => report.breakers)) {
    const before = worst.get(breaker.target);
    if (!before || comparedBadness(breaker, before) > 0) worst.set(breaker.target, breaker);
  }
  return [...worst.values()];
}

/** One text of all; samples of several processes carry the label `process`. */
export function allMetrics(reports: readonly NumberedReport[]): string {
  if (reports.length === 1) return reports[0]!.report.metrics;
  const families = new Map<string, { head: string; samples: string }>();
  for (const { process, report } of reports) {
    let family = { head: '', samples: '' };
    for (const line of report.metrics.split('\n')) {
      if (line === '') continue;
      if (line.startsWith('# HELP ')) {
        const name = line.slice(7, line.indexOf(' ', 7));
        const found = families.get(name);
        family = found ?? { head: '', samples: '' };
        if (!found) families.set(name, family);
        family.head = `${line}\n`;
      } else if (line.startsWith('#')) family.head += `${line}\n`;
      else family.samples += `${withProcess(line, process)}\n`;
    }
  }
  return [...families.values()].map(({ head, samples }) => head + samples).join('');
}

/** `name{a="b"} 1` or `name 1`, with one more label. */
function withProcess(sample: string, process: number): string {
  const at = /[{ ]/.exec(sample)!.index;
  const label = `process="${process}"`;
  return sample[at] === '{'
    ? `${sample.slice(0, at)}{${label},${sample.slice(at + 1)}`
    : `${sample.slice(0, at)}{${label}}${sample.slice(at)}`;
}
