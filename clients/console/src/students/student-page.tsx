import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import type { Student } from '../../../../contracts/distil.ts';
import { studentQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { Loaded } from '../components/loaded.tsx';
import { Page } from '../components/page.tsx';
import { Panel } from '../components/panel.tsx';
import { RelativeTime } from '../components/relative-time.tsx';
import { DecisionTag, StatusTag } from '../components/status-tag.tsx';
import { LabelsPanel } from '../distillations/labels-panel.tsx';
import { ReportCard } from '../distillations/report-card.tsx';
import { formatCount } from '../format/numbers.ts';
import { CallPanel } from './call-panel.tsx';
import { FilesPanel } from './files-panel.tsx';
import { LineagePanel } from './lineage-panel.tsx';
import { ModelPanel } from './model-panel.tsx';
import { TryPanel } from './try-panel.tsx';
import classes from '../distillations/distillation.module.css';

/** One student: how good it is, what it was made of, and a field to try it. */
export function StudentPage() {
  const { name } = useParams({ from: '/students/$name' });
  const query = useQuery(studentQuery(useApi(), name));
  const student = query.data;
  return (
    <Page
      title={name}
      parent={{ label: 'Students', to: '/students' }}
      tag={student && tagOf(student)}
      lead={
        student ? (
          <>
            {kindOf(student)}, made <RelativeTime at={student.createdAt} />
          </>
        ) : (
          ' '
        )
      }
    >
      <Loaded query={query} skeleton={<Skeleton height={480} radius="lg" />}>
        {(loaded) => <Content student={loaded} />}
      </Loaded>
    </Page>
  );
}

function tagOf({ evaluation }: Student) {
  return evaluation ? <DecisionTag decision={evaluation.decision} /> : <StatusTag tone="warn">not evaluated</StatusTag>;
}

function kindOf({ kind, base, labels, lineage }: Student): string {
  const what = { encoder: 'An encoder', 'language-model': `A language model${base ? ` on ${base.id}` : ''}`, hosted: 'A hosted model' }[
    kind
  ];
  const task = labels.length > 0 ? ` for ${formatCount(labels.length)} labels` : '';
  return `${what}${task}${lineage ? '' : ', imported'}`;
}

function Content({ student }: { student: Student }) {
  const { lineage, evaluation } = student;
  return (
    <div className={classes.columns}>
      <div className={classes.stack}>
        <ModelPanel student={student} />
        <LineagePanel student={student} />
        <CallPanel student={student} />
      </div>
      <div className={classes.stack}>
        <TryPanel name={student.name} />
        {evaluation ? (
          <ReportCard evaluation={evaluation} usedGold={lineage?.usedGold ?? false} />
        ) : (
          <Panel title="Report card">
            <span className="dimmed">
              It has not been evaluated: it was trained elsewhere, and nothing is known here of how good it is. An alias does not move to it
              by itself.
            </span>
          </Panel>
        )}
        {evaluation && <LabelsPanel evaluation={evaluation} />}
        <FilesPanel student={student} />
      </div>
    </div>
  );
}
