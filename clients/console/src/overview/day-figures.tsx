import type { Overview } from '../../../../contracts/http.ts';
import { Figures } from '../components/figures.tsx';
import { formatUsd } from '../format/cost.ts';
import { formatCount, formatPercent } from '../format/numbers.ts';
import { formatMs } from '../format/time.ts';

/** The day in five numbers. */
export function DayFigures({ overview }: { overview: Overview }) {
  const { calls, errors, costUsd, p50Ms, p95Ms } = overview;
  const unknown = overview.clickhouse === 'down';
  return (
    <Figures
      figures={[
        { name: 'Calls', value: unknown ? '–' : formatCount(calls) },
        {
          name: 'Errors',
          value: unknown ? '–' : formatCount(errors),
          aside: calls > 0 && formatPercent(errors / calls, 2),
          bad: errors / calls > 0.01,
        },
        { name: 'Cost', value: formatUsd(costUsd), aside: costUsd !== null && calls > 0 && `${formatUsd((costUsd / calls) * 1000)} / 1k` },
        { name: 'Latency p50', value: formatMs(p50Ms) },
        { name: 'Latency p95', value: formatMs(p95Ms) },
      ]}
    />
  );
}
