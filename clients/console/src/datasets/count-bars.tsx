import { Button } from '@mantine/core';
import { Fragment, useState } from 'react';
import { formatCount } from '../format/numbers.ts';
import classes from './dataset.module.css';

const SHOWN_AT_FIRST = 15;

/** Counts by name as bars, the largest first. */
export function CountBars({ counts, mono = false }: { counts: Record<string, number>; mono?: boolean }) {
  const [all, setAll] = useState(false);
  const sorted = Object.entries(counts).toSorted(([, a], [, b]) => b - a);
  const largest = Math.max(1, ...sorted.map(([, count]) => count));
  const shown = all ? sorted : sorted.slice(0, SHOWN_AT_FIRST);
  return (
    <>
      <dl className={classes.bars}>
        {shown.map(([name, count]) => (
          <Fragment key={name}>
            <dt className={`truncate ${mono ? 'mono' : ''}`} title={name}>
              {name}
            </dt>
            <dd>
              <span className={classes.track} aria-hidden>
                <span className={classes.fill} style={{ width: `${(count / largest) * 100}%` }} />
              </span>
              <span className={classes.count}>{formatCount(count)}</span>
            </dd>
          </Fragment>
        ))}
      </dl>
      {sorted.length > SHOWN_AT_FIRST && (
        <Button mt="sm" variant="subtle" color="gray" size="compact-sm" onClick={() => setAll(!all)}>
          {all ? `The ${SHOWN_AT_FIRST} largest` : `All ${sorted.length}`}
        </Button>
      )}
    </>
  );
}
