import type { Evaluation } from '../../../../contracts/distil.ts';
import { formatPoints } from '../format/numbers.ts';
import { axisOf } from './verdict.ts';
import classes from './interval-plot.module.css';

/** The difference student − teacher with its 95 % interval, against zero and the margin. */
export function IntervalPlot({ evaluation }: { evaluation: Evaluation }) {
  const { difference, marginPoints } = evaluation;
  const axis = axisOf(evaluation);
  const at = (points: number) => `${((points - axis.from) / (axis.to - axis.from)) * 100}%`;
  const wide = { left: at(difference.low), right: `calc(100% - ${at(difference.high)})` };
  const label = `Student minus teacher: ${formatPoints(difference.points)} points, 95 % interval ${formatPoints(difference.low)} to ${formatPoints(difference.high)}; allowed down to ${formatPoints(-marginPoints)}.`;
  return (
    <figure style={{ margin: 0 }}>
      <div className={classes.plot} role="img" aria-label={label}>
        <div className={classes.beyond} style={{ width: at(-marginPoints) }} />
        <div className={classes.axis} />
        <div className={classes.line} data-kind="margin" style={{ left: at(-marginPoints) }}>
          <span className={classes.lineLabel}>margin</span>
        </div>
        <div className={classes.line} data-kind="zero" style={{ left: at(0) }}>
          <span className={classes.lineLabel}>equal</span>
        </div>
        <div className={classes.interval} style={wide} />
        <div className={classes.ends} style={wide} />
        <div className={classes.point} style={{ left: at(difference.points) }} />
        <span className={classes.value} style={{ left: at(difference.points) }}>
          {formatPoints(difference.points)}
        </span>
        {axis.ticks.map((tick) => (
          <span key={tick} className={classes.tick} style={{ left: at(tick) }}>
            {formatPoints(tick, Number.isInteger(tick) ? 0 : 1)}
          </span>
        ))}
      </div>
      <figcaption className={classes.caption}>Accuracy of the student minus the teacher’s, in points, with its 95 % interval</figcaption>
    </figure>
  );
}
