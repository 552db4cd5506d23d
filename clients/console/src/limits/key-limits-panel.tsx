import { Button } from '@mantine/core';
import { IconKey } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { KeyView } from '../../../../contracts/keys.ts';
import { DataTable } from '../components/data-table.tsx';
import type { Column } from '../components/data-table.tsx';
import { Empty } from '../components/empty.tsx';
import { Panel } from '../components/panel.tsx';
import { SpendBar } from '../components/spend-bar.tsx';
import { PerMinute } from '../keys/key-state.tsx';

const COLUMNS: Column<KeyView>[] = [
  {
    label: 'Key',
    cell: ({ id, name }) => (
      <Link to="/keys/$id" params={{ id }}>
        {name}
      </Link>
    ),
  },
  {
    label: 'Today',
    cell: ({ name, spent, limits }) => <SpendBar spentUsd={spent?.todayUsd ?? null} limitUsd={limits.usdPerDay} label={`${name}, today`} />,
  },
  {
    label: 'This month',
    cell: ({ name, spent, limits }) => (
      <SpendBar spentUsd={spent?.monthUsd ?? null} limitUsd={limits.usdPerMonth} label={`${name}, this month`} />
    ),
  },
  { label: 'Requests a minute', number: true, cell: ({ limits }) => <PerMinute limit={limits.requestsPerMinute} /> },
  { label: 'Tokens a minute', number: true, cell: ({ limits }) => <PerMinute limit={limits.tokensPerMinute} /> },
];

/** The keys, those first that have the least left. */
export function KeyLimitsPanel({ keys }: { keys: KeyView[] }) {
  const sorted = keys.toSorted((a, b) => usedShare(b) - usedShare(a) || (b.spent?.monthUsd ?? 0) - (a.spent?.monthUsd ?? 0));
  return (
    <Panel title="Keys" hint="those with the least left come first" flush>
      {keys.length === 0 ? <NoKeys /> : <DataTable caption="Limits of keys" items={sorted} columns={COLUMNS} rowKey={({ id }) => id} />}
    </Panel>
  );
}

/** How much of the budget that is nearest its end is gone; −1 where there is none. */
function usedShare({ spent, limits }: KeyView): number {
  const share = (spentUsd: number | undefined, limitUsd: number | null) => (limitUsd === null ? -1 : (spentUsd ?? 0) / limitUsd);
  return Math.max(share(spent?.todayUsd, limits.usdPerDay), share(spent?.monthUsd, limits.usdPerMonth));
}

const NoKeys = () => (
  <Empty
    icon={<IconKey size={34} stroke={1.4} />}
    title="No key yet"
    next={
      <Button variant="default" renderRoot={(props) => <Link to="/new-key" {...props} />}>
        New key
      </Button>
    }
  >
    A key for each app makes its spending seen, and its limits hold.
  </Empty>
);
