import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import type { Student } from '../../../../contracts/distil.ts';
import { studentQuery } from '../api/queries.ts';
import { useApi } from '../api/session.ts';
import { CommandLine } from '../components/command-line.tsx';
import { Facts } from '../components/facts.tsx';
import { Loaded } from '../components/loaded.tsx';
import { Page } from '../components/page.tsx';
import { Panel } from '../components/panel.tsx';
import { RelativeTime } from '../components/relative-time.tsx';
import { ShortHash } from '../components/short-hash.tsx';
import { DecisionTag, StatusTag } from '../components/status-tag.tsx';
import { TargetName } from '../components/target-name.tsx';
import { LabelsPanel } from '../distillations/labels-panel.tsx';
import { ReportCard } from '../distillations/report-card.tsx';
import { formatBytes, formatCount } from '../format/numbers.ts';
import classes from '../distillations/distillation.module.css';

/** One student: how good it is, and everything it was made of. */
export function StudentPage() {
  const { name } = useParams({ from: '/students/$name' });
  const query = useQuery(studentQuery(useApi(), name));
  const student = query.data;
  return (
    <Page
      title={name}
      parent={{ label: 'Students', to: '/students' }}
      tag={student?.evaluation && <DecisionTag decision={student.evaluation.decision} />}
      lead={
        student ? (
          <>
            {student.kind === 'encoder' ? 'An encoder' : 'A language model'} for {formatCount(student.labels.length)} labels, made{' '}
            <RelativeTime at={student.createdAt} />
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

function Content({ student }: { student: Student }) {
  const { lineage, evaluation } = student;
  return (
    <div className={classes.columns}>
      <div className={classes.stack}>
        <Panel title="Lineage" className={classes.last}>
          <Facts
            facts={{
              Distillation: lineage && (
                <Link to="/distillations/$name" params={{ name: lineage.distillation }} style={{ color: 'inherit' }}>
                  {lineage.distillation}
                </Link>
              ),
              Dataset: lineage && (
                <Link to="/datasets/$name" params={{ name: lineage.dataset }} style={{ color: 'inherit' }}>
                  {lineage.dataset}, version {lineage.datasetVersion}
                </Link>
              ),
              'Data hash': lineage && <ShortHash hash={lineage.datasetHash} />,
              Teacher: lineage && <TargetName target={lineage.teacher} />,
              'Gold in training': lineage && (lineage.usedGold ? <StatusTag tone="warn">yes</StatusTag> : 'no'),
              Seed: lineage?.seed,
              Manifest: <ShortHash hash={student.manifest.sha256} />,
              Size: formatBytes(student.manifest.bytes),
              Embedder: student.embedderSha256 && <ShortHash hash={student.embedderSha256} />,
              Version: student.version,
            }}
          />
        </Panel>
        <Panel title="Call it" className={classes.last}>
          <CommandLine command={callOf(student)} />
        </Panel>
      </div>
      <div className={classes.stack}>
        {evaluation ? (
          <ReportCard evaluation={evaluation} usedGold={lineage?.usedGold ?? false} />
        ) : (
          <Panel>It has not been evaluated.</Panel>
        )}
        {evaluation && <LabelsPanel evaluation={evaluation} />}
      </div>
    </div>
  );
}

function callOf(student: Student): string {
  return [
    `curl ${window.location.origin}/v1/chat/completions \\`,
    `  -H "authorization: Bearer $(cat .stillhouse/secrets/admin-key)" \\`,
    `  -H 'content-type: application/json' \\`,
    `  -d '{"model": "student/${student.name}", "messages": [{"role": "user", "content": "…"}]}'`,
  ].join('\n');
}
