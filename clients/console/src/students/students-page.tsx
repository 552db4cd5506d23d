import { Button, Skeleton } from '@mantine/core';
import { IconSchool } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import type { Student } from '../../../../contracts/distil.ts';
import { studentsQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { DataTable } from '../components/data-table.tsx';
import type { Column } from '../components/data-table.tsx';
import { Empty } from '../components/empty.tsx';
import { Loaded } from '../components/loaded.tsx';
import { Page } from '../components/page.tsx';
import { Panel } from '../components/panel.tsx';
import { RelativeTime } from '../components/relative-time.tsx';
import { DecisionTag } from '../components/status-tag.tsx';
import { TargetName } from '../components/target-name.tsx';
import { formatUsd } from '../format/cost.ts';
import { formatPercent } from '../format/numbers.ts';
import { formatMs } from '../format/time.ts';

const COLUMNS: Column<Student>[] = [
  {
    label: 'Student',
    cell: ({ name }) => (
      <Link to="/students/$name" params={{ name }}>
        {name}
      </Link>
    ),
  },
  { label: 'Kind', cell: ({ kind, base }) => base?.id ?? kind.replace('-', ' ') },
  {
    label: 'Teacher',
    cell: ({ lineage }) => (lineage ? <TargetName target={lineage.teacher} /> : <span className="dimmed">imported</span>),
  },
  {
    label: 'Decision',
    card: 'beside',
    cell: ({ evaluation }) => (evaluation ? <DecisionTag decision={evaluation.decision} /> : <span className="dimmed">not evaluated</span>),
  },
  { label: 'Accuracy', number: true, cell: ({ evaluation }) => formatPercent(evaluation?.student.accuracy) },
  { label: 'Per 1,000', number: true, cell: ({ evaluation }) => formatUsd(evaluation?.student.usdPer1k) },
  { label: 'p50', number: true, cell: ({ evaluation }) => formatMs(evaluation?.student.p50Ms) },
  { label: 'Made', number: true, cell: ({ createdAt }) => <RelativeTime at={createdAt} /> },
];

/** All students, newest first. */
export function StudentsPage() {
  const query = useQuery(studentsQuery(useApi()));
  const navigate = useNavigate();
  return (
    <Page
      title="Students"
      lead="Small models that were trained or imported here. Each one can be called as student/<name>, or stand behind an alias."
    >
      <Loaded query={query} skeleton={<Skeleton height={220} radius="lg" />}>
        {(students) => (
          <Panel flush>
            {students.length === 0 ? (
              <NoStudents />
            ) : (
              <DataTable
                caption="Students"
                items={students}
                columns={COLUMNS}
                rowKey={({ name }) => name}
                onRow={({ name }) => void navigate({ to: '/students/$name', params: { name } })}
              />
            )}
          </Panel>
        )}
      </Loaded>
    </Page>
  );
}

const NoStudents = () => (
  <Empty
    icon={<IconSchool size={34} stroke={1.4} />}
    title="No student yet"
    next={
      <Button variant="default" renderRoot={(props) => <Link to="/new-distillation" {...props} />}>
        New distillation
      </Button>
    }
  >
    A distillation that gets through its stages registers its student here, with its evaluation and everything it was made of.
  </Empty>
);
