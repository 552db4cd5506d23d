import { Button } from '@mantine/core';
import { Fragment, useState } from 'react';
import type { Evaluation } from '../../../../contracts/distil.ts';
import { DataTable } from '../components/data-table.tsx';
import type { Column } from '../components/data-table.tsx';
import { Panel } from '../components/panel.tsx';
import { formatCount, formatPercent, formatPoints } from '../format/numbers.ts';

type LabelScore = Evaluation['perLabel'][number];
const SHOWN_AT_FIRST = 10;

const COLUMNS: Column<LabelScore>[] = [
  { label: 'Label', cell: ({ label }) => <LabelName label={label} /> },
  { label: 'Rows', number: true, cell: ({ n }) => formatCount(n) },
  { label: 'Teacher', number: true, cell: ({ n, teacher }) => formatPercent(teacher / n) },
  { label: 'Student', number: true, cell: ({ n, student }) => <b style={{ color: 'var(--student)' }}>{formatPercent(student / n)}</b> },
  { label: 'Difference', number: true, cell: (score) => <Difference score={score} /> },
];

/** Accuracy by label, the student's worst first. */
export function LabelsPanel({ evaluation }: { evaluation: Evaluation }) {
  const [all, setAll] = useState(false);
  const scored = evaluation.perLabel.filter((score) => score.n > 0);
  if (scored.length === 0) return null;
  const sorted = scored.toSorted(
    (a, b) => a.student / a.n - b.student / b.n || a.student - a.teacher - (b.student - b.teacher) || b.n - a.n,
  );
  const hidden = sorted.length - SHOWN_AT_FIRST;
  return (
    <Panel
      title="By label"
      hint="the student’s worst first"
      flush
      actions={
        hidden > 0 && (
          <Button variant="subtle" color="gray" size="compact-sm" onClick={() => setAll(!all)}>
            {all ? `Worst ${SHOWN_AT_FIRST}` : `All ${sorted.length}`}
          </Button>
        )
      }
    >
      <DataTable
        caption="Accuracy by label"
        keep
        items={all ? sorted : sorted.slice(0, SHOWN_AT_FIRST)}
        columns={COLUMNS}
        rowKey={({ label }) => label}
      />
    </Panel>
  );
}

/** A label that may break after its underscores, for narrow screens. */
const LabelName = ({ label }: { label: string }) => (
  <span className="mono">
    {label.split(/(?<=_)/).map((part, i) => (
      // Parts have no identity but their place.
      <Fragment key={i}>
        {part}
        <wbr />
      </Fragment>
    ))}
  </span>
);

function Difference({ score: { n, teacher, student } }: { score: LabelScore }) {
  const points = ((student - teacher) / n) * 100;
  return (
    <span style={{ color: points < 0 ? 'var(--bad)' : points > 0 ? 'var(--good)' : 'var(--text-dimmed)' }}>{formatPoints(points)}</span>
  );
}
