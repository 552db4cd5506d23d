import { BarChart } from '@mantine/charts';
import '@mantine/charts/styles.css';
import type { UsageRow } from '../../../../contracts/usage.ts';
import { LOOK, STILL } from '../components/bar-look.ts';
import { Panel } from '../components/panel.tsx';
import { formatUsd } from '../format/cost.ts';
import { useNow } from '../format/use-now.ts';
import { daysOf, type Span } from './usage-search.ts';

/** Cost by day. */
export function UsageChart({ rows, span }: { rows: readonly UsageRow[]; span: Span }) {
  const days = daysOf(rows, span, useNow());
  return (
    <Panel title="Cost by day" hint="days are UTC’s">
      <BarChart
        {...LOOK}
        dataKey="day"
        data={days}
        series={[{ name: 'costUsd', label: 'cost', color: 'var(--student)' }]}
        barProps={STILL}
        xAxisProps={{ tickMargin: 8, minTickGap: 24 }}
        yAxisProps={{ width: 58 }}
        valueFormatter={formatUsd}
      />
    </Panel>
  );
}
