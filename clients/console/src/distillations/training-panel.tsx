import { LineChart } from '@mantine/charts';
import '@mantine/charts/styles.css';
import { useQuery } from '@tanstack/react-query';
import type { Distillation } from '../../../../contracts/distil.ts';
import { trainingQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { Panel } from '../components/panel.tsx';
import { formatCount, formatPercent } from '../format/numbers.ts';
import { type TrainingCurves, curvesOf } from './training-curves.ts';
import classes from './training-panel.module.css';

const LOOK = {
  dataKey: 'step',
  gridAxis: 'x',
  gridColor: 'var(--border)',
  tickLine: 'none',
  strokeDasharray: '0',
  withDots: false,
  connectNulls: true,
  curveType: 'linear',
  xAxisProps: { type: 'number', domain: [0, 'dataMax'], tickMargin: 8, tickFormatter: (step: number) => formatCount(step) },
} as const;
// Points come every two seconds: a line that moves anew each time says nothing.
const STILL = { isAnimationActive: false };

const TERMS = [
  { name: 'nll', label: 'NLL of the best answers', color: 'var(--student)' },
  { name: 'preference', label: 'preference', color: 'var(--teacher)' },
  { name: 'kl', label: 'distance from the anchor (KL)', color: 'var(--good)' },
] as const;

/** The terms of the loss and the validation score, step by step, while a language model is trained and after. */
export function TrainingPanel({ run }: { run: Distillation }) {
  const training = run.status === 'running' && run.stage === 'train';
  const points = useQuery(trainingQuery(useApi(), run.name, training)).data ?? [];
  const curves = curvesOf(points);
  if (curves.loss.length === 0) return <Panel title="Training">{waiting(run)}</Panel>;
  return (
    <Panel title="Training" hint={hintOf(curves)}>
      <div className={classes.charts}>
        <figure className={classes.chart}>
          <figcaption>
            Loss
            <span className={classes.legend}>
              {TERMS.filter(({ name }) => curves.terms.has(name)).map(({ name, label, color }) => (
                <span key={name}>
                  <i style={{ background: color }} aria-hidden /> {label}
                </span>
              ))}
            </span>
          </figcaption>
          <LineChart
            {...LOOK}
            h={220}
            data={curves.loss}
            series={TERMS.filter(({ name }) => curves.terms.has(name)).map((term) => ({ ...term }))}
            lineProps={STILL}
            yAxisProps={{ width: 44 }}
            valueFormatter={(value) => String(Number(value.toPrecision(3)))}
            referenceLines={curves.phases.map(({ step, phase }) => ({
              x: step,
              label: phase,
              labelPosition: 'insideTopRight',
              color: 'var(--text-dimmed)',
            }))}
          />
        </figure>
        {curves.validation.length > 0 && (
          <figure className={classes.chart}>
            <figcaption>Validation: answers as the teacher does</figcaption>
            <LineChart
              {...LOOK}
              h={150}
              withDots
              data={curves.validation}
              series={[{ name: 'score', label: 'as the teacher', color: 'var(--student)' }]}
              lineProps={STILL}
              yAxisProps={{
                width: 44,
                domain: [0, 1],
                ticks: [0, 0.5, 1],
                tickFormatter: (share: number) => `${Math.round(share * 100)} %`,
              }}
              valueFormatter={(share) => formatPercent(share)}
            />
          </figure>
        )}
      </div>
    </Panel>
  );
}

function hintOf({ last, best }: TrainingCurves): string {
  const speed = last.terms['tokensPerSecond'];
  return [
    `step ${formatCount(last.step)} of ${formatCount(last.totalSteps)}`,
    speed === undefined ? '' : `${formatCount(speed)} tokens/s`,
    best === null ? '' : `best ${formatPercent(best.score)} at step ${formatCount(best.step)}`,
  ]
    .filter(Boolean)
    .join(' · ');
}

function waiting(run: Distillation) {
  const said = run.endedAt ? 'Nothing was measured: the run did not come to train.' : 'The terms of the loss show here once it trains.';
  return <span className="dimmed">{said}</span>;
}
