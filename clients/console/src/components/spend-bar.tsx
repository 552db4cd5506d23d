import { formatUsd } from '../format/cost.ts';
import { formatPercent } from '../format/numbers.ts';
import classes from './spend-bar.module.css';

interface SpendBarProps {
  /** null = not known. */
  spentUsd: number | null;
  /** null = no limit. */
  limitUsd: number | null;
  /** Of what, for those who do not see the bar. */
  label: string;
}

/** What is spent of a budget; the sum alone where there is none. */
export function SpendBar({ spentUsd, limitUsd, label }: SpendBarProps) {
  if (limitUsd === null) return <span className="numbers">{formatUsd(spentUsd)}</span>;
  const share = spentUsd === null ? 0 : spentUsd / limitUsd;
  return (
    <div className={classes.spend}>
      <span className={classes.sums}>
        {formatUsd(spentUsd)} <span className="dimmed">of {formatUsd(limitUsd)}</span>
      </span>
      <div
        className={classes.track}
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={limitUsd}
        aria-valuenow={Math.min(limitUsd, spentUsd ?? 0)}
        aria-valuetext={`${formatPercent(share, 0)} of the budget`}
      >
        <span className={classes.fill} data-tone={toneOf(share)} style={{ width: `${Math.min(1, share) * 100}%` }} />
      </div>
    </div>
  );
}

function toneOf(share: number): 'calm' | 'warn' | 'bad' {
  if (share >= 1) return 'bad';
  return share >= 0.8 ? 'warn' : 'calm';
}
