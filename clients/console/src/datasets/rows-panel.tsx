import { SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import type { Dataset, Split } from '../../../../contracts/datasets.ts';
import { Panel } from '../components/panel.tsx';
import { plural } from '../format/numbers.ts';
import { Inspected } from './inspected.tsx';
import { PagedRows } from './paged-rows.tsx';
import classes from './dataset.module.css';

/** The rows of each split, in order or those first whose answer is not that of their neighbours. */
export function RowsPanel({ dataset }: { dataset: Dataset }) {
  const [split, setSplit] = useState<Split>('train');
  const [order, setOrder] = useState<'position' | 'suspect'>('position');
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
  const rows = <PagedRows key={`${dataset.version} ${split} ${order}`} dataset={dataset} split={split} order={order} />;
  return (
    <Panel title="Rows" hint={`${plural(dataset.rows[split], 'row')} of version ${dataset.version}`} flush actions={choice}>
      {order === 'suspect' ? <Inspected dataset={dataset}>{rows}</Inspected> : rows}
    </Panel>
  );
}
