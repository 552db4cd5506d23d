import { Button, Skeleton } from '@mantine/core';
import { IconArrowsSplit, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import type { AliasVersion } from '../../../../contracts/aliases.ts';
import { aliasesQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { CommandLine } from '../components/command-line.tsx';
import { DataTable } from '../components/data-table.tsx';
import type { Column } from '../components/data-table.tsx';
import { Empty } from '../components/empty.tsx';
import { Loaded } from '../components/loaded.tsx';
import { Page } from '../components/page.tsx';
import { Panel } from '../components/panel.tsx';
import { RelativeTime } from '../components/relative-time.tsx';
import { Weights } from '../components/weights.tsx';
import { settingsInWords } from './alias-settings.ts';

const COLUMNS: Column<AliasVersion>[] = [
  {
    label: 'Alias',
    width: '18%',
    cell: ({ name }) => (
      <Link to="/aliases/$name" params={{ name }}>
        {name}
      </Link>
    ),
  },
  { label: 'Targets', card: 'whole', width: '34%', cell: ({ targets }) => <Weights targets={targets} /> },
  {
    label: 'Cache and hedge',
    card: 'whole',
    width: '18%',
    cell: (alias) => settingsInWords(alias) || <span className="dimmed">–</span>,
  },
  { label: 'Why', card: 'whole', cell: ({ reason }) => reason || <span className="dimmed">–</span> },
  { label: 'Version', number: true, cell: ({ version }) => version },
  { label: 'Changed', number: true, cell: ({ createdAt }) => <RelativeTime at={createdAt} /> },
];

/** The names that apps call. */
export function AliasesPage() {
  const query = useQuery(aliasesQuery(useApi()));
  const navigate = useNavigate();
  const add = (
    <Button leftSection={<IconPlus size={16} />} renderRoot={(props) => <Link to="/new-alias" {...props} />}>
      New alias
    </Button>
  );
  return (
    <Page title="Aliases" lead="The names your apps ask for. What answers behind a name can change; the app’s code does not." actions={add}>
      <Loaded query={query} skeleton={<Skeleton height={220} radius="lg" />}>
        {(aliases) => (
          <Panel flush>
            {aliases.length === 0 ? (
              <NoAliases />
            ) : (
              <DataTable
                caption="Aliases"
                items={aliases}
                columns={COLUMNS}
                rowKey={({ name }) => name}
                onRow={({ name }) => void navigate({ to: '/aliases/$name', params: { name } })}
              />
            )}
          </Panel>
        )}
      </Loaded>
    </Page>
  );
}

const NoAliases = () => (
  <Empty
    icon={<IconArrowsSplit size={34} stroke={1.4} />}
    title="No alias yet"
    next={<CommandLine command="npm run stillhouse -- alias set support openai/gpt-4o --reason 'day 0'" />}
  >
    Make one here or in a terminal, then let your app say <span className="mono">model="support"</span>.
  </Empty>
);
