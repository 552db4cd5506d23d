import { Tooltip } from '@mantine/core';
import type { ProviderHour, ProviderModel, ProviderView } from '../../../../contracts/providers.ts';
import { StatusTag } from '../components/status-tag.tsx';
import type { Column } from '../components/data-table.tsx';
import { formatCount, formatPercent } from '../format/numbers.ts';
import { formatDuration, formatMs } from '../format/time.ts';

/** From this share of failures on an hour is bad. */
const BAD_RATE = 0.05;

/** Whether it can be called, and how calls go. */
export function ProviderTag({ provider }: { provider: ProviderView }) {
  const { ready, reason, models, lastHour } = provider;
  if (!ready) {
    return (
      <Tooltip label={reason} multiline maw={360}>
        <span>
          <StatusTag tone="calm">not ready</StatusTag>
        </span>
      </Tooltip>
    );
  }
  if (models.some(({ breaker }) => breaker === 'open')) return <StatusTag tone="bad">breaker open</StatusTag>;
  if ((lastHour?.errorRate ?? 0) >= BAD_RATE) return <StatusTag tone="warn">failing</StatusTag>;
  return <StatusTag tone="good">{lastHour && lastHour.attempts === 0 ? 'ready' : 'well'}</StatusTag>;
}

/** State of a model's breaker, and when a call may try it again. */
export function BreakerTag({ model: { breaker, probeInMs } }: { model: ProviderModel }) {
  if (breaker === 'open') return <StatusTag tone="bad">{`open, next try in ${formatDuration(probeInMs)}`}</StatusTag>;
  return breaker === 'half-open' ? <StatusTag tone="warn">half open</StatusTag> : <span className="dimmed">closed</span>;
}

/** Where the key is from, never the key. */
export function keyInWords({ kind, key: { set, from, variable } }: ProviderView): string {
  if (set) return from === 'api' ? 'set through the API' : 'from the environment';
  if (variable !== null) return 'missing';
  return kind === 'bedrock' ? 'AWS’s own' : 'none needed';
}

/** Failures of an hour with their share. */
export function errorsInWords(hour: ProviderHour | null): React.ReactNode {
  if (!hour || hour.errors === 0) return <span className="dimmed">{formatCount(hour?.errors)}</span>;
  return `${formatCount(hour.errors)} (${formatPercent(hour.errorRate)})`;
}

/** Columns of the last hour. */
export function hourColumns<T extends { lastHour: ProviderHour | null }>(): Column<T>[] {
  return [
    { label: 'Attempts', number: true, cell: ({ lastHour }) => formatCount(lastHour?.attempts) },
    { label: 'Errors', number: true, cell: ({ lastHour }) => errorsInWords(lastHour) },
    { label: 'p50', number: true, cell: ({ lastHour }) => formatMs(lastHour?.p50Ms) },
    { label: 'p95', number: true, cell: ({ lastHour }) => formatMs(lastHour?.p95Ms) },
  ];
}
