import { Skeleton } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { Estimate } from '../../../../contracts/students.ts';
import { problemOf } from '../api/problem.ts';
import { estimateQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { Facts } from '../components/facts.tsx';
import { Panel } from '../components/panel.tsx';
import { formatUsd } from '../format/cost.ts';
import { formatBytes, formatCount } from '../format/numbers.ts';
import { formatDuration } from '../format/time.ts';
import { requestOf } from './request-form.ts';
import type { RequestForm } from './request-form.ts';
import classes from './new-distillation.module.css';

const MS_PER_HOUR = 3_600_000;
const TYPING_MS = 400;

/** What the form's distillation would take, before anything is paid. */
export function EstimatePanel({ form }: { form: RequestForm }) {
  const [settled] = useDebouncedValue(form, TYPING_MS);
  const query = useQuery(estimateQuery(useApi(), requestOf(settled)));
  return (
    <Panel title="Estimate" hint="nothing is asked or paid">
      {form.dataset === '' ? (
        <span className="dimmed">Choose a dataset to see what it would take.</span>
      ) : query.error ? (
        <span className="dimmed">{problemOf(query.error).detail}</span>
      ) : query.data ? (
        <Shown estimate={query.data} />
      ) : (
        <Skeleton height={170} radius="md" />
      )}
    </Panel>
  );
}

function Shown({ estimate }: { estimate: Estimate }) {
  const { teacherUsd, hours, vramBytes, diskBytes, device, fits, reason } = estimate;
  const warnings = fits ? estimate.warnings : [reason, ...estimate.warnings];
  return (
    <>
      <Facts
        facts={{
          Teacher: (
            <>
              {formatUsd(teacherUsd.expected)} <span className="dimmed">at most {formatUsd(teacherUsd.most)}</span>
            </>
          ),
          Calls: formatCount(estimate.calls),
          Training: hours === null ? <span className="dimmed">not known here</span> : `about ${formatDuration(hours * MS_PER_HOUR)}`,
          'Memory to train': memoryOf(vramBytes),
          'Memory to serve': vramBytes.serve === null ? null : formatBytes(vramBytes.serve),
          Disk: diskBytes === null ? null : formatBytes(diskBytes),
          'Test rows': (
            <>
              {formatCount(estimate.testRows)} <span className="dimmed">about {formatCount(estimate.rowsNeeded)} decide</span>
            </>
          ),
          Device: (
            <>
              {formatCount(device.count)} × {device.name} <span className="dimmed">{estimate.deviceSource}</span>
            </>
          ),
        }}
      />
      {warnings.length > 0 && (
        <ul className={classes.warnings} data-tone={fits ? undefined : 'bad'}>
          {warnings.map((warning) => (
            <li key={warning}>
              <IconAlertTriangle size={15} aria-hidden />
              <span>{warning}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function memoryOf({ train16, train4 }: Estimate['vramBytes']): string | null {
  if (train16 === null || train4 === null) return null;
  return `${formatBytes(train16)} (16 bit), ${formatBytes(train4)} (4 bit)`;
}
