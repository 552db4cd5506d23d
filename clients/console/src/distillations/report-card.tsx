import type { Evaluation } from '../../../../contracts/distil.ts';
import { Panel } from '../components/panel.tsx';
import { DecisionTag } from '../components/status-tag.tsx';
import { formatUsd } from '../format/cost.ts';
import { formatPercent, formatPoints, formatTimes, plural } from '../format/numbers.ts';
import { formatMs } from '../format/time.ts';
import { IntervalPlot } from './interval-plot.tsx';
import { verdictOf } from './verdict.ts';
import classes from './report-card.module.css';

const REFERENCES: Record<Evaluation['reference'], string> = {
  gold: 'recorded gold answers',
  'teacher-majority': 'the majority of fresh teacher samples',
  mixed: 'gold answers where there are any, else the majority of fresh teacher samples',
};

function testRows({ n, rows, leftOut, reference, goldRows }: Evaluation): string {
  const more = [
    ...(rows !== undefined && rows > n ? [`${rows} with near-duplicates`] : []),
    ...(reference === 'mixed' && goldRows !== undefined ? [`${goldRows} with gold`] : []),
    ...(leftOut ? [`${leftOut} left out for want of an answer`] : []),
  ];
  return `${plural(n, 'test row')}${more.length > 0 ? ` (${more.join(', ')})` : ''}`;
}

/** Student against teacher: the decision, the interval behind it, and what the change is worth. */
export function ReportCard({ evaluation, usedGold }: { evaluation: Evaluation; usedGold: boolean }) {
  const { teacher, student, difference, discordant, reference, mcnemarP } = evaluation;
  const cheaper = formatTimes(teacher.usdPer1k, student.usdPer1k);
  const faster = formatTimes(teacher.p50Ms, student.p50Ms);
  return (
    <Panel title="Report card" hint={`${testRows(evaluation)}, against ${REFERENCES[reference]}`}>
      <div className={classes.verdict}>
        <DecisionTag decision={evaluation.decision} size="lg" />
        <p className={classes.sentence}>{verdictOf(evaluation)}</p>
      </div>
      <IntervalPlot evaluation={evaluation} />
      <table className={classes.compare} aria-label="Teacher and student compared">
        <thead>
          <tr>
            <th scope="col" aria-label="Figure" />
            <th scope="col" className={classes.teacher}>
              Teacher
            </th>
            <th scope="col" className={classes.student}>
              Student
            </th>
            <th scope="col">Difference</th>
          </tr>
        </thead>
        <tbody>
          <Row
            name="Accuracy"
            teacher={formatPercent(teacher.accuracy)}
            student={formatPercent(student.accuracy)}
            aside={`${formatPoints(difference.points)} points`}
          />
          <Row
            name="Cost per 1,000 calls"
            teacher={formatUsd(teacher.usdPer1k)}
            student={formatUsd(student.usdPer1k)}
            aside={cheaper && `${cheaper} cheaper`}
          />
          <Row
            name="Latency p50"
            teacher={formatMs(teacher.p50Ms)}
            student={formatMs(student.p50Ms)}
            aside={faster && `${faster} faster`}
          />
        </tbody>
      </table>
      <p className={classes.foot}>
        Only the teacher was right on {plural(discordant.teacherOnly, 'row')}, only the student on {plural(discordant.studentOnly, 'row')}{' '}
        (exact McNemar p {mcnemarP < 0.0001 ? '< 0.0001' : `= ${Number(mcnemarP.toPrecision(2))}`}).{' '}
        {usedGold ? 'Gold answers were used in training.' : 'No gold answer reached training.'}
      </p>
    </Panel>
  );
}

function Row({ name, teacher, student, aside }: { name: string; teacher: string; student: string; aside: string | null }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{teacher}</td>
      <td className={classes.student}>{student}</td>
      <td>{aside ?? ''}</td>
    </tr>
  );
}
