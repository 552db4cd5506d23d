import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { ClusterCheck, ClusterRun } from '../../../../contracts/clusters.ts';
import { clusterChecksQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { Panel } from '../components/panel.tsx';
import { formatUsd } from '../format/cost.ts';
import { formatCount } from '../format/numbers.ts';
import classes from './clusters.module.css';

const OUTCOMES = { merged: 'Merged', split: 'Split', kept: 'Kept', guarded: 'Kept apart' } as const;

/** What a model has merged and split in the last run, and why; nothing where there was none to ask. */
export function BorderChecks({ run }: { run: ClusterRun }) {
  const asked = run.status === 'completed' && run.counts.checked !== null;
  const checks = useQuery({ ...clusterChecksQuery(useApi(), run), enabled: asked });
  const [all, setAll] = useState(false);
  if (run.status === 'completed' && run.input.naming === null)
    return (
      <div className={classes.aside}>No model has looked at the borders between these clusters: a run with one that names them does.</div>
    );
  if (!checks.data || checks.data.length === 0) return null;
  const changes = checks.data.filter(isChange);
  const shown = all ? checks.data : changes;
  const { checked, merged, split, unchecked } = run.counts;
  const hint = `${formatCount(checked ?? 0)} looked at by ${run.input.naming}: ${merged ?? 0} merged, ${split ?? 0} split${unchecked ? `, ${unchecked} not checked` : ''}`;
  return (
    <Panel
      title="Borders"
      hint={hint}
      flush
      actions={
        changes.length < checks.data.length && (
          <button type="button" className={classes.toggle} aria-pressed={all} onClick={() => setAll(!all)}>
            {all ? 'Only changes' : `All ${formatCount(checks.data.length)}`}
          </button>
        )
      }
    >
      {shown.length === 0 && <div className={classes.quiet}>The model has changed nothing.</div>}
      {shown.map((check, i) => (
        // Decisions are never reordered: their place names them.
        <Decision key={`${check.kind} ${i}`} check={check} />
      ))}
    </Panel>
  );
}

const isChange = ({ outcome }: ClusterCheck) => outcome === 'merged' || outcome === 'split';

function Decision({ check }: { check: ClusterCheck }) {
  const { outcome, sides, reason, verdict, costUsd, traceId } = check;
  const clusters = [...new Map(sides.map((side) => [side.clusterId, side])).values()];
  return (
    <article className={classes.member}>
      <div>
        <strong>{OUTCOMES[outcome]}</strong>{' '}
        {clusters.map(({ clusterId, name }, i) => (
          <span key={clusterId}>
            {i > 0 && ' and '}
            <Link to="/clusters/$id" params={{ id: clusterId }}>
              {name}
            </Link>
          </span>
        ))}
      </div>
      <div className={classes.prompt}>{reason}</div>
      <div className={classes.under}>
        <span>
          {sides.map(({ texts }) => formatCount(texts)).join(' and ')} texts · {verdict === null ? 'no verdict' : `said ${verdict}`}
          {costUsd !== null && ` · ${formatUsd(costUsd)}`}
        </span>
        {traceId !== null && (
          <Link to="/traces" search={{ trace: traceId }}>
            trace
          </Link>
        )}
      </div>
    </article>
  );
}
