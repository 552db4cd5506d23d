import { Button, Skeleton } from '@mantine/core';
import { IconFlask, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { distillationsQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { CommandLine } from '../components/command-line.tsx';
import { Empty } from '../components/empty.tsx';
import { Loaded } from '../components/loaded.tsx';
import { Page } from '../components/page.tsx';
import { Panel } from '../components/panel.tsx';
import { DistillationTable } from './distillation-table.tsx';

/** All runs of the distil workflow. */
export function DistillationsPage() {
  const query = useQuery(distillationsQuery(useApi()));
  const start = (
    <Button leftSection={<IconPlus size={16} />} renderRoot={(props) => <Link to="/new-distillation" {...props} />}>
      New distillation
    </Button>
  );
  return (
    <Page
      title="Distillations"
      lead="A teacher’s answers become a student: sampled, curated, trained, and compared before any traffic moves."
      actions={start}
    >
      <Loaded query={query} skeleton={<Skeleton height={260} radius="lg" />}>
        {(runs) =>
          runs.length === 0 ? (
            <NoRuns />
          ) : (
            <Panel flush>
              <DistillationTable runs={runs} />
            </Panel>
          )
        }
      </Loaded>
    </Page>
  );
}

const NoRuns = () => (
  <Panel>
    <Empty
      icon={<IconFlask size={34} stroke={1.4} />}
      title="No distillation yet"
      next={<CommandLine command="npm run stillhouse -- distil support --alias support --watch" />}
    >
      Build a dataset from your traces first; then start a run here or in a terminal. Nothing is spent beyond its cap, and the alias moves
      only if the student proves not worse.
    </Empty>
  </Panel>
);
