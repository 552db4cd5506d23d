import { SegmentedControl, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Dataset, Split } from '../../../../contracts/datasets.ts';
import { rowsQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { Loaded } from '../components/loaded.tsx';
import { Panel } from '../components/panel.tsx';
import { CuratedRows } from './curated-rows.tsx';
import classes from './dataset.module.css';

/** The first rows of each split, or those whose answer is not that of their neighbours. */
export function RowsPanel({ dataset }: { dataset: Dataset }) {
  const [split, setSplit] = useState<Split>('train');
  const [order, setOrder] = useState<'position' | 'suspect'>('position');
  const query = useQuery(rowsQuery(useApi(), dataset.name, dataset.version, { split, order }));
  const choice = (
    <div className={classes.choices}>
      <SegmentedControl
        size="xs"
        aria-label="Order"
        data={[
          { value: 'position', label: 'in order' },
          { value: 'suspect', label: 'suspects' },
        ]}
        value={order}
        onChange={(value) => setOrder(value as 'position' | 'suspect')}
      />
      <SegmentedControl
        size="xs"
        aria-label="Split"
        data={['train', 'validation', 'test']}
        value={split}
        onChange={(value) => setSplit(value as Split)}
      />
    </div>
  );
  return (
    <Panel title="First rows" flush actions={choice}>
      <Loaded query={query} skeleton={<Skeleton height={420} radius={0} />}>
        {(rows) =>
          rows.length === 0 ? <div className={classes.quiet}>This split is empty.</div> : <CuratedRows dataset={dataset} rows={rows} />
        }
      </Loaded>
    </Panel>
  );
}
