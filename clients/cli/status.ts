import type { Command } from 'commander';
import type { Part } from '../../contracts/names.ts';
import type { Overview } from '../sdk/index.ts';
import type { CliContext } from './context.ts';
import { bytes, count, duration, milliseconds, usd } from './format.ts';
import type { Output } from './output.ts';

/** `status`: the parts of the stack, and the last 24 hours. */
export function addStatusCommand(program: Command, context: CliContext): void {
  program
    .command('status')
    .description('how the stack stands, and the last 24 hours in numbers')
    .action(async () => {
      const out = context.out();
      const { url, parts, client } = context.connection();
      const overview = await client.overview();
      out.print({ url, parts, overview }, () => {
        if (parts) showParts(out, parts);
        showOverview(out, url, overview);
      });
      const whole = overview.temporal === 'up' && overview.clickhouse === 'up' && (parts ?? []).every((part) => part.pid !== null);
      if (!whole) context.setExitCode(1);
    });
}

function showParts(out: Output, parts: readonly Part[]): void {
  const rows = parts.map((part) => [
    part.pid === null ? out.style('red', '✗') : out.style('green', '●'),
    part.name,
    part.pid === null ? out.style('red', 'down') : String(part.pid),
    part.address ?? out.style('dim', '–'),
    part.restarts === 0 ? out.style('dim', '0') : out.style('yellow', String(part.restarts)),
  ]);
  out.table(['', 'part', 'pid', 'address', 'restarts'], rows, { right: ['pid', 'restarts'] });
  out.line();
}

function showOverview(out: Output, url: string, overview: Overview): void {
  const up = (state: 'up' | 'down') => (state === 'up' ? out.style('green', 'up') : out.style('red', 'down'));
  const { spool } = overview;
  out.facts([
    ['gateway', url],
    ['Temporal', up(overview.temporal) + (overview.temporalUi ? `  ${overview.temporalUi}` : '')],
    ['ClickHouse', up(overview.clickhouse)],
    [
      'spool',
      spool.segments === 0
        ? 'empty'
        : `${count(spool.segments)} segments, ${bytes(spool.bytes)}, oldest ${duration(spool.oldestAgeS * 1000)}`,
    ],
  ]);
  out.line();
  if (overview.clickhouse === 'down') return out.line('No numbers while ClickHouse is down; calls go on and are shipped later.');
  if (overview.calls === 0) return out.line('No calls in the last 24 hours.');
  out.line(out.style('bold', `${count(overview.calls)} calls in the last 24 hours`));
  const row = (name: string, of: { calls: number; errors: number; costUsd: number | null; p50Ms: number | null }) => [
    name,
    count(of.calls),
    of.errors > 0 ? out.style('red', count(of.errors)) : '0',
    usd(of.costUsd),
    milliseconds(of.p50Ms),
  ];
  const rows = overview.byTarget.map((target) => row(target.target || '(none answered)', target));
  const shape = { right: ['calls', 'errors', 'cost', 'p50'] };
  out.table(['target', 'calls', 'errors', 'cost', 'p50'], [...rows, row(out.style('bold', 'all'), overview)], shape);
}
