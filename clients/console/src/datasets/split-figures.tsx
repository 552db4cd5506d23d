import type { Dataset, Split } from '../../../../contracts/datasets.ts';
import { Panel } from '../components/panel.tsx';
import { formatCount, plural } from '../format/numbers.ts';
import classes from './dataset.module.css';

const SPLIT_NAMES: Record<Split, string> = { train: 'Train', validation: 'Validation', test: 'Test' };

/** Rows of each split, as figures and to scale. */
export function SplitFigures({ rows }: { rows: Dataset['rows'] }) {
  const splits = Object.keys(SPLIT_NAMES) as Split[];
  const sum = splits.reduce((total, split) => total + rows[split], 0);
  return (
    <Panel title="Rows" hint={plural(sum, 'row')}>
      {sum > 0 && (
        <div className={classes.shares} aria-hidden>
          {splits.map((split) => (
            <span key={split} className={classes[split]} style={{ flexGrow: rows[split] }} />
          ))}
        </div>
      )}
      <dl className={classes.splits}>
        {splits.map((split) => (
          <div key={split}>
            <dt className={classes[split]}>{SPLIT_NAMES[split]}</dt>
            <dd>{formatCount(rows[split])}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}
