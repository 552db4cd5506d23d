import { Link } from '@tanstack/react-router';
import type { Distillation } from '../../../../contracts/distil.ts';
import { Facts } from '../components/facts.tsx';
import { Panel } from '../components/panel.tsx';
import { ShortHash } from '../components/short-hash.tsx';
import { StatusTag } from '../components/status-tag.tsx';
import { TargetName } from '../components/target-name.tsx';
import { formatUsd } from '../format/cost.ts';
import { formatBytes } from '../format/numbers.ts';
import classes from './distillation.module.css';

/** What the run was made of and asked for. */
export function LineagePanel({ run }: { run: Distillation }) {
  const { input, dataset } = run;
  return (
    <Panel title="Lineage" className={classes.last}>
      <Facts
        facts={{
          Dataset: (
            <Link to="/datasets/$name" params={{ name: input.dataset }} style={{ color: 'inherit' }}>
              {input.dataset}
              {dataset && `, version ${dataset.version}`}
            </Link>
          ),
          'Data hash': dataset ? <ShortHash hash={dataset.hash} /> : null,
          Teacher: <TargetName target={run.teacher ?? input.teacher ?? ''} />,
          Student: run.student ? <StudentLink target={run.student} /> : input.student,
          Alias: input.alias,
          Samples: `${input.nSamples} a prompt, best ${input.keepBest} kept`,
          Temperature: input.temperature,
          Cap: formatUsd(input.maxUsd),
          Margin: `${input.marginPoints} points`,
          'Gold in training': run.usedGold ? <StatusTag tone="warn">yes</StatusTag> : 'no',
          Curated: run.curated ? `${run.curated.rows ?? '?'} rows, ${formatBytes(run.curated.bytes)}` : null,
          Seed: input.seed,
          Workflow: <span className="mono">{run.workflowId}</span>,
        }}
      />
    </Panel>
  );
}

const StudentLink = ({ target }: { target: string }) => (
  <Link to="/students/$name" params={{ name: target.slice('student/'.length) }} style={{ color: 'inherit' }}>
    <TargetName target={target} />
  </Link>
);
