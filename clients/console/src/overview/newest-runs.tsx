import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { distillationsQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { Panel } from '../components/panel.tsx';
import { DistillationTable } from '../distillations/distillation-table.tsx';

/** The last three distillations. */
export function NewestRuns() {
  const { data } = useQuery(distillationsQuery(useApi()));
  if (!data || data.length === 0) return null;
  return (
    <Panel
      title="Newest distillations"
      flush
      actions={
        <Button variant="subtle" color="gray" size="compact-sm" renderRoot={(props) => <Link to="/distillations" {...props} />}>
          All {data.length}
        </Button>
      }
    >
      <DistillationTable runs={data.slice(0, 3)} />
    </Panel>
  );
}
