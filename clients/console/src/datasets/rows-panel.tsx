import { SegmentedControl, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Dataset, Split } from '../../../../contracts/datasets.ts';
import type { DatasetRowView } from '../../../sdk/index.ts';
import { rowsQuery } from '../api/queries.ts';
import { useApi } from '../api/session.ts';
import { Loaded } from '../components/loaded.tsx';
import { Panel } from '../components/panel.tsx';
import { messagesOf } from '../traces/messages.ts';
import classes from './dataset.module.css';

/** The first rows of each split. */
export function RowsPanel({ dataset }: { dataset: Dataset }) {
  const [split, setSplit] = useState<Split>('train');
  const query = useQuery(rowsQuery(useApi(), dataset.name, dataset.version, split));
  const choice = (
    <SegmentedControl
      size="xs"
      aria-label="Split"
      data={['train', 'validation', 'test']}
      value={split}
      onChange={(value) => setSplit(value as Split)}
    />
  );
  return (
    <Panel title="First rows" flush actions={choice}>
      <Loaded query={query} skeleton={<Skeleton height={420} radius={0} />}>
        {(rows) => (rows.length === 0 ? <div className={classes.quiet}>This split is empty.</div> : <Rows rows={rows} />)}
      </Loaded>
    </Panel>
  );
}

const Rows = ({ rows }: { rows: DatasetRowView[] }) => (
  <div>
    {rows.map((row) => (
      <article key={row.rowId} className={classes.row}>
        <div className={classes.prompt}>{lastUserText(row)}</div>
        <div className={classes.answer}>
          <span className={`${classes.reference} mono`}>{row.reference}</span>
          {row.traceId && (
            <Link to="/traces" search={{ trace: row.traceId }} className="dimmed">
              trace
            </Link>
          )}
        </div>
      </article>
    ))}
  </div>
);

function lastUserText(row: DatasetRowView): string {
  return (
    messagesOf(row)
      .findLast((message) => message.role === 'user')
      ?.text.trim() ?? ''
  );
}
