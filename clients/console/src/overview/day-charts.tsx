import { BarChart } from '@mantine/charts';
import '@mantine/charts/styles.css';
import type { Overview } from '../../../../contracts/http.ts';
import { LOOK, STILL } from '../components/bar-look.ts';
import { Panel } from '../components/panel.tsx';
import { formatUsd } from '../format/cost.ts';
import { formatCount } from '../format/numbers.ts';
import { formatHour } from '../format/time.ts';
import { useNow } from '../format/use-now.ts';
import { lastHours } from './hours.ts';
import classes from './overview.module.css';

/** Calls and cost by hour. */
export function DayCharts({ overview }: { overview: Overview }) {
  const now = useNow();
  const hours = lastHours(overview.byHour, now).map((hour) => ({ ...hour, hour: formatHour(hour.at) }));
  const interval = { interval: 3, tickMargin: 8 };
  return (
    <div className={classes.charts}>
      <Panel title="Calls by hour" hint={<Legend />}>
        <BarChart
          {...LOOK}
          dataKey="hour"
          data={hours}
          type="stacked"
          series={[
            { name: 'ok', label: 'ok', color: 'var(--bar)' },
            { name: 'errors', label: 'errors', color: 'var(--bad)' },
          ]}
          barProps={STILL}
          xAxisProps={interval}
          yAxisProps={{ width: 40, allowDecimals: false }}
          valueFormatter={formatCount}
        />
      </Panel>
      <Panel title="Cost by hour">
        <BarChart
          {...LOOK}
          dataKey="hour"
          data={hours}
          series={[{ name: 'costUsd', label: 'cost', color: 'var(--student)' }]}
          barProps={STILL}
          xAxisProps={interval}
          yAxisProps={{ width: 58 }}
          valueFormatter={formatUsd}
        />
      </Panel>
    </div>
  );
}

const Legend = () => (
  <>
    <span style={{ color: 'var(--bar)' }}>■</span> ok <span style={{ color: 'var(--bad)' }}>■</span> errors
  </>
);
