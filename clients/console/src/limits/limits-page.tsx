import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ProjectView } from '../../../../contracts/keys.ts';
import { useApi } from '../api/project-scope.tsx';
import { keysQuery, overviewQuery, projectsQuery } from '../api/queries.ts';
import { DataTable } from '../components/data-table.tsx';
import type { Column } from '../components/data-table.tsx';
import { Loaded } from '../components/loaded.tsx';
import { Page } from '../components/page.tsx';
import { Panel } from '../components/panel.tsx';
import { SpendBar } from '../components/spend-bar.tsx';
import { formatCount } from '../format/numbers.ts';
import { BudgetPanel } from './budget-panel.tsx';
import { KeyLimitsPanel } from './key-limits-panel.tsx';
import classes from './limits.module.css';

/** What is spent of what may be: the project's budget, its keys', and other projects'. */
export function LimitsPage() {
  const api = useApi();
  const projects = useQuery(projectsQuery(api));
  const overview = useQuery(overviewQuery(api)).data;
  const keys = useQuery(keysQuery(api));
  return (
    <Page
      title="Limits"
      lead="A call reserves what it may cost at most, and is refused where that does not fit any more. Days and months are UTC’s."
    >
      <Loaded query={projects} skeleton={<Skeleton height={220} radius="lg" />}>
        {(all) => {
          const own = all.find(({ name }) => name === overview?.project);
          const others = all.filter((project) => project !== own);
          return (
            <div className={classes.stack}>
              {own && <BudgetPanel project={own} />}
              <Loaded query={keys}>{(found) => <KeyLimitsPanel keys={found.filter(({ revokedAt }) => revokedAt === null)} />}</Loaded>
              {overview && others.length > 0 && (
                <Panel title="Other projects" flush>
                  <DataTable caption="Other projects" items={others} columns={PROJECT_COLUMNS} rowKey={({ name }) => name} />
                </Panel>
              )}
            </div>
          );
        }}
      </Loaded>
    </Page>
  );
}

const PROJECT_COLUMNS: Column<ProjectView>[] = [
  { label: 'Project', cell: ({ name }) => name },
  {
    label: 'Today',
    cell: ({ name, spent, budget }) => <SpendBar spentUsd={spent?.todayUsd ?? null} limitUsd={budget.usdPerDay} label={`${name}, today`} />,
  },
  {
    label: 'This month',
    cell: ({ name, spent, budget }) => (
      <SpendBar spentUsd={spent?.monthUsd ?? null} limitUsd={budget.usdPerMonth} label={`${name}, this month`} />
    ),
  },
  { label: 'Keys', number: true, cell: ({ keys }) => formatCount(keys) },
];
