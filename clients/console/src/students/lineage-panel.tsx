import { Link } from '@tanstack/react-router';
import type { Student } from '../../../../contracts/distil.ts';
import { Facts } from '../components/facts.tsx';
import { Panel } from '../components/panel.tsx';
import { ShortHash } from '../components/short-hash.tsx';
import { StatusTag } from '../components/status-tag.tsx';
import { TargetName } from '../components/target-name.tsx';
import classes from '../distillations/distillation.module.css';

/** Where the student comes from. */
export function LineagePanel({ student: { lineage } }: { student: Student }) {
  if (!lineage)
    return (
      <Panel title="Lineage" className={classes.last}>
        <span className="dimmed">Imported, not evaluated: it was trained elsewhere.</span>
      </Panel>
    );
  return (
    <Panel title="Lineage" className={classes.last}>
      <Facts
        facts={{
          Distillation: (
            <Link to="/distillations/$name" params={{ name: lineage.distillation }} style={{ color: 'inherit' }}>
              {lineage.distillation}
            </Link>
          ),
          Dataset: (
            <Link to="/datasets/$name" params={{ name: lineage.dataset }} style={{ color: 'inherit' }}>
              {lineage.dataset}, version {lineage.datasetVersion}
            </Link>
          ),
          'Data hash': <ShortHash hash={lineage.datasetHash} />,
          Teacher: <TargetName target={lineage.teacher} />,
          'Gold in training': lineage.usedGold ? <StatusTag tone="warn">yes</StatusTag> : 'no',
          Seed: lineage.seed,
        }}
      />
    </Panel>
  );
}
