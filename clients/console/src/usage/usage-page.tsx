import { Select, Skeleton, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconReportMoney } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Suspense, lazy } from 'react';
import type { Usage } from '../../../../contracts/usage.ts';
import { useApi } from '../api/project-scope.tsx';
import { clustersQuery, keysQuery, usageQuery } from '../api/queries.ts';
import { Empty } from '../components/empty.tsx';
import { Figures } from '../components/figures.tsx';
import { Loaded } from '../components/loaded.tsx';
import { Page } from '../components/page.tsx';
import { Panel } from '../components/panel.tsx';
import { formatUsd } from '../format/cost.ts';
import { formatCount, formatPercent, plural } from '../format/numbers.ts';
import { GROUPS, type Group, SPANS, type Span, type UsageSearch } from './usage-search.ts';
import { UsageTable } from './usage-table.tsx';
import classes from './usage.module.css';

// The charts' library is larger than everything else on the page.
const UsageChart = lazy(async () => ({ default: (await import('./usage-chart.tsx')).UsageChart }));

/** What calls cost, by what they have in common. */
export function UsagePage() {
  const search = useSearch({ from: '/usage' });
  const { by = 'model', span = '30d', meta = '' } = search;
  const api = useApi();
  const all = useQuery(usageQuery(api, SPANS[span], []));
  const days = useQuery(usageQuery(api, SPANS[span], ['day']));
  return (
    <Page title="Usage" lead="What calls used and cost. Those that a limit or a budget refused reached no provider and are not counted.">
      <Choice search={search} />
      <div className={classes.stack}>
        <Loaded query={all} skeleton={<Skeleton height={97} radius="lg" />}>
          {(usage) => <Sums usage={usage} />}
        </Loaded>
        {span !== '24h' && (
          <Loaded query={days} skeleton={<Skeleton height={282} radius="lg" />}>
            {({ items }) => (
              <Suspense fallback={<Skeleton height={282} radius="lg" />}>
                <UsageChart rows={items} span={span} />
              </Suspense>
            )}
          </Loaded>
        )}
        {by === 'metadata' && meta === '' ? <WhichKey /> : <Groups by={by} meta={meta} span={span} />}
      </div>
    </Page>
  );
}

function Choice({ search: { by = 'model', span = '30d', meta = '' } }: { search: UsageSearch }) {
  const navigate = useNavigate({ from: '/usage' });
  const change = (part: UsageSearch) => void navigate({ search: (old) => ({ ...old, ...part }), replace: true });
  const typed = useDebouncedCallback((text: string) => change({ meta: text.trim() }), 400);
  return (
    <div className={classes.choice}>
      <Select
        label="Group by"
        data={Object.entries(GROUPS).map(([value, label]) => ({ value, label }))}
        value={by}
        allowDeselect={false}
        onChange={(value) => change({ by: value as Group })}
      />
      {by === 'metadata' && (
        <TextInput
          label="Key of the metadata"
          placeholder="team"
          defaultValue={meta}
          onChange={(event) => typed(event.currentTarget.value)}
        />
      )}
      <Select
        label="Time"
        data={Object.entries(SPANS).map(([value, days]) => ({ value, label: days === 1 ? 'Last 24 hours' : `Last ${days} days` }))}
        value={span}
        allowDeselect={false}
        onChange={(value) => change({ span: value as Span })}
      />
    </div>
  );
}

function Sums({ usage: { items } }: { usage: Usage }) {
  const sums = items[0];
  if (!sums) return null;
  return (
    <Figures
      figures={[
        {
          name: 'Cost',
          value: formatUsd(sums.costUsd),
          aside: sums.unpriced > 0 ? `${plural(sums.unpriced, 'call')} without a price` : undefined,
        },
        { name: 'Calls', value: formatCount(sums.calls) },
        {
          name: 'Errors',
          value: formatCount(sums.errors),
          aside: sums.errors > 0 ? formatPercent(sums.errors / sums.calls, 2) : undefined,
          bad: true,
        },
        {
          name: 'Tokens in',
          value: formatCount(sums.tokensIn),
          aside: sums.tokensCached ? `${formatCount(sums.tokensCached)} cached` : undefined,
        },
        { name: 'Tokens out', value: formatCount(sums.tokensOut) },
      ]}
    />
  );
}

function Groups({ by, meta, span }: { by: Group; meta: string; span: Span }) {
  const api = useApi();
  const query = useQuery(usageQuery(api, SPANS[span], [by === 'metadata' ? `metadata.${meta}` : by]));
  const keys = useQuery({ ...keysQuery(api), enabled: by === 'key' }).data ?? [];
  const clusters = useQuery({ ...clustersQuery(api), enabled: by === 'cluster' }).data ?? [];
  const names = new Map([...keys, ...clusters].map(({ id, name }) => [id, name]));
  return (
    <Loaded query={query}>
      {({ items, since }) => (
        <Panel title={`By ${by === 'metadata' ? meta : GROUPS[by].toLowerCase()}`} hint={HINTS[by]} flush>
          {items.length === 0 ? <NoCalls by={by} /> : <UsageTable rows={items} by={by} meta={meta} since={since} names={names} />}
        </Panel>
      )}
    </Loaded>
  );
}

const HINTS: Partial<Record<Group, string>> = {
  user: 'as far back as traces are kept',
  metadata: 'as far back as traces are kept',
  cluster: 'calls that a clustering has seen',
};

const NoCalls = ({ by }: { by: Group }) => (
  <Empty icon={<IconReportMoney size={34} stroke={1.4} />} title="No calls in that time">
    {by === 'cluster'
      ? 'Calls count here once clusters have been found among them.'
      : 'A call counts here a second or two after it has ended.'}
  </Empty>
);

const WhichKey = () => (
  <Panel>
    <Empty icon={<IconReportMoney size={34} stroke={1.4} />} title="Which key?">
      Apps send metadata with a call, such as a team or a customer: name the key whose values are to be compared.
    </Empty>
  </Panel>
);
