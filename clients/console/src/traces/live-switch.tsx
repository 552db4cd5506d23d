import { Button, Switch } from '@mantine/core';
import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import type { Tail } from '../api/queries.ts';
import { StatusTag } from '../components/status-tag.tsx';
import { formatCount } from '../format/numbers.ts';
import classes from './traces.module.css';

interface LiveSwitchProps {
  tail: Tail;
  /** Traces that came since it is live. */
  arrived: number;
  /** The last look failed; there will be another. */
  cutOff: boolean;
  onChange: (tail: Tail) => void;
}

/** Follows new traces, stands still for a look, goes on. */
export function LiveSwitch({ tail, arrived, cutOff, onChange }: LiveSwitchProps) {
  const paused = tail === 'paused';
  return (
    <div className={classes.live}>
      {tail !== 'off' && (
        <>
          {cutOff ? (
            <StatusTag tone="bad">no answer, trying again</StatusTag>
          ) : (
            <StatusTag tone={paused ? 'warn' : 'live'}>{`${paused ? 'paused' : 'live'} · ${formatCount(arrived)} new`}</StatusTag>
          )}
          <Button
            size="xs"
            variant="default"
            leftSection={paused ? <IconPlayerPlay size={14} /> : <IconPlayerPause size={14} />}
            onClick={() => onChange(paused ? 'on' : 'paused')}
          >
            {paused ? 'Go on' : 'Pause'}
          </Button>
        </>
      )}
      <Switch label="Live" checked={tail !== 'off'} onChange={(event) => onChange(event.currentTarget.checked ? 'on' : 'off')} />
    </div>
  );
}
