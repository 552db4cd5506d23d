import type { Overview } from '../../../../contracts/http.ts';
import { formatUsd } from '../format/cost.ts';
import { formatCount, formatPercent } from '../format/numbers.ts';
import { formatMs } from '../format/time.ts';
import classes from './day-figures.module.css';

/** The day in five numbers. */
export function DayFigures({ overview }: { overview: Overview }) {
  const { calls, errors, costUsd, p50Ms, p95Ms } = overview;
  const unknown = overview.clickhouse === 'down';
  const perThousand = costUsd !== null && calls > 0 ? `${formatUsd((costUsd / calls) * 1000)} / 1k` : null;
  return (
    <dl className={classes.figures}>
      <Figure name="Calls" value={unknown ? '–' : formatCount(calls)} />
      <Figure name="Errors" value={unknown ? '–' : formatCount(errors)} aside={calls > 0 ? formatPercent(errors / calls, 2) : null} bad={errors / calls > 0.01} />
      <Figure name="Cost" value={formatUsd(costUsd)} aside={perThousand} />
      <Figure name="Latency p50" value={formatMs(p50Ms)} />
      <Figure name="Latency p95" value={formatMs(p95Ms)} />
    </dl>
  );
}

function Figure({ name, value, aside = null, bad = false }: { name: string; value: string; aside?: string | null; bad?: boolean }) {
  return (
    <div className={classes.figure}>
      <dt>{name}</dt>
      <dd>
        {value}
        {aside && (
          <span className={classes.aside} data-tone={bad ? 'bad' : undefined}>
            {aside}
          </span>
        )}
      </dd>
    </div>
  );
}
