import { Skeleton } from '@mantine/core';
import { IconCloudComputing } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import type { ProviderError, ProviderModel, ProviderView } from '../../../../contracts/providers.ts';
import { useApi } from '../api/project-scope.tsx';
import { providersQuery } from '../api/queries.ts';
import { DataTable } from '../components/data-table.tsx';
import type { Column } from '../components/data-table.tsx';
import { Empty } from '../components/empty.tsx';
import { Figures } from '../components/figures.tsx';
import { Loaded } from '../components/loaded.tsx';
import { Page } from '../components/page.tsx';
import { Panel } from '../components/panel.tsx';
import { RelativeTime } from '../components/relative-time.tsx';
import { StatusTag } from '../components/status-tag.tsx';
import { TargetName } from '../components/target-name.tsx';
import { formatPrice } from '../format/cost.ts';
import { formatCount, formatPercent } from '../format/numbers.ts';
import { formatMs } from '../format/time.ts';
import { ProviderKeyPanel } from './provider-key-panel.tsx';
import { BreakerTag, hourColumns, keyInWords, ProviderTag } from './provider-state.tsx';
import classes from './providers.module.css';

const MODEL_COLUMNS: Column<ProviderModel>[] = [
  {
    label: 'Model',
    cell: ({ target, configured }) => (
      <span className={classes.model}>
        <Link to="/traces" search={{ target, range: '1h' }}>
          <TargetName target={target} />
        </Link>
        {!configured && <span className="dimmed">called, not in stillhouse.yaml</span>}
      </span>
    ),
  },
  { label: 'Breaker', card: 'beside', cell: (model) => <BreakerTag model={model} /> },
  { label: 'Input', number: true, cell: ({ inputUsdPerMTok }) => formatPrice(inputUsdPerMTok) },
  { label: 'Output', number: true, cell: ({ outputUsdPerMTok }) => formatPrice(outputUsdPerMTok) },
  ...hourColumns<ProviderModel>(),
];

const ERROR_COLUMNS: Column<ProviderError>[] = [
  {
    label: 'When',
    cell: ({ at, traceId }) => (
      <Link to="/traces" search={{ trace: traceId }} aria-label={`The trace of ${at}`}>
        <RelativeTime at={at} />
      </Link>
    ),
  },
  { label: 'Error', card: 'beside', cell: ({ errorClass }) => <StatusTag tone="bad">{errorClass.replaceAll('_', ' ')}</StatusTag> },
  { label: 'HTTP', cell: ({ status }) => (status === 0 ? <span className="dimmed">no answer</span> : status) },
  { label: 'Model', cell: ({ target }) => <TargetName target={target} /> },
];

/** One provider: its hour, its models with prices and breakers, and what failed. */
export function ProviderPage() {
  const { id } = useParams({ from: '/providers/$id' });
  const query = useQuery(providersQuery(useApi()));
  const provider = query.data?.find((each) => each.id === id);
  return (
    <Page
      title={id}
      parent={{ label: 'Providers', to: '/providers' }}
      tag={provider && <ProviderTag provider={provider} />}
      lead={provider ? `${provider.kind} · key: ${keyInWords(provider)}${variableOf(provider)}` : ' '}
    >
      <Loaded query={query} skeleton={<Skeleton height={420} radius="lg" />}>
        {() => (provider ? <Provider provider={provider} /> : <NoSuchProvider id={id} />)}
      </Loaded>
    </Page>
  );
}

function Provider({ provider }: { provider: ProviderView }) {
  const { ready, reason, lastHour, models, lastErrors } = provider;
  return (
    <div className={classes.stack}>
      {!ready && (
        <p className={classes.reason} role="status">
          {reason}
        </p>
      )}
      {lastHour && (
        <Figures
          figures={[
            { name: 'Attempts in the last hour', value: formatCount(lastHour.attempts) },
            {
              name: 'Errors',
              value: formatPercent(lastHour.errorRate),
              aside: `${formatCount(lastHour.errors)} of ${formatCount(lastHour.attempts)}`,
              bad: lastHour.errors > 0,
            },
            { name: 'Latency, median', value: formatMs(lastHour.p50Ms) },
            { name: 'Latency, p95', value: formatMs(lastHour.p95Ms) },
          ]}
        />
      )}
      <Panel title="Models" hint="breakers are those of the gateway that answers here" flush>
        {models.length === 0 ? (
          <Empty icon={<IconCloudComputing size={34} stroke={1.4} />} title="No model is named, and none was called">
            Any of its models can be called as <span className="mono">{`${provider.id}/<model>`}</span>; those that{' '}
            <span className="mono">stillhouse.yaml</span> names show here.
          </Empty>
        ) : (
          <DataTable caption="Models" items={models} columns={MODEL_COLUMNS} rowKey={({ target }) => target} />
        )}
      </Panel>
      <ProviderKeyPanel provider={provider} />
      {lastErrors && lastErrors.length > 0 && (
        <Panel title="Last errors" hint="those that a fallback mended, too" flush>
          <DataTable
            caption="Last errors"
            items={lastErrors.map((error, i) => ({ ...error, i }))}
            columns={ERROR_COLUMNS}
            rowKey={({ i }) => String(i)}
          />
        </Panel>
      )}
      {lastHour === null && <p className="dimmed">ClickHouse is down: what the last hour was like is not known.</p>}
    </div>
  );
}

function variableOf({ key: { variable } }: ProviderView): string {
  return variable === null ? '' : ` (${variable})`;
}

const NoSuchProvider = ({ id }: { id: string }) => (
  <Panel>
    <Empty icon={<IconCloudComputing size={34} stroke={1.4} />} title="There is no such provider">
      The configuration names no provider <span className="mono">{id}</span>.
    </Empty>
  </Panel>
);
