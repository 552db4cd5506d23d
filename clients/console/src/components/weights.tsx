import type { WeightedTarget } from '../../../../contracts/aliases.ts';
import { formatShare } from '../format/numbers.ts';
import { TargetName, isStudent } from './target-name.tsx';
import classes from './weights.module.css';

/** Targets with their shares of the calls; a bar where there is more than one. */
export function Weights({ targets }: { targets: WeightedTarget[] }) {
  if (targets.length === 0) return <span className="dimmed">no targets</span>;
  const sum = targets.reduce((total, { weight }) => total + weight, 0);
  return (
    <div className={classes.list}>
      {targets.map(({ target, weight }) => (
        <div key={target} className={classes.line}>
          <TargetName target={target} />
          <span className={`${classes.share} numbers dimmed`}>{formatShare(weight / sum)}</span>
        </div>
      ))}
      {targets.length > 1 && (
        <div className={classes.bar} aria-hidden>
          {targets.map(({ target, weight }) => (
            <span
              key={target}
              className={classes.part}
              data-kind={isStudent(target) ? 'student' : 'provider'}
              style={{ flexGrow: weight }}
            />
          ))}
        </div>
      )}
    </div>
  );
}
