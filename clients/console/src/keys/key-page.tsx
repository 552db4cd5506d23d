import { Skeleton } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconKey } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import type { KeyView } from '../../../../contracts/keys.ts';
import { useApi } from '../api/project-scope.tsx';
import { keysQuery } from '../api/queries.ts';
import { Empty } from '../components/empty.tsx';
import { Facts } from '../components/facts.tsx';
import { Loaded } from '../components/loaded.tsx';
import { Page } from '../components/page.tsx';
import { Panel } from '../components/panel.tsx';
import { RelativeTime } from '../components/relative-time.tsx';
import { SpendBar } from '../components/spend-bar.tsx';
import { formatCount } from '../format/numbers.ts';
import { formatExact } from '../format/time.ts';
import { KeyForm } from './key-form.tsx';
import { KeyTag, MayCall, PerMinute } from './key-state.tsx';
import { RevokeButton } from './revoke-button.tsx';
import classes from './keys.module.css';

const PARENT = { label: 'Keys', to: '/keys' } as const;

/** One key: what it spent, what it may do, and its end. */
export function KeyPage() {
  const { id } = useParams({ from: '/keys/$id' });
  const query = useQuery(keysQuery(useApi()));
  const key = query.data?.find((each) => each.id === id);
  return (
    <Page
      title={key?.name ?? 'Key'}
      parent={PARENT}
      tag={key && <KeyTag item={key} />}
      lead={<span className="mono">{id}</span>}
      actions={key && key.revokedAt === null && <RevokeButton id={id} name={key.name} />}
    >
      <Loaded query={query} skeleton={<Skeleton height={420} radius="lg" />}>
        {() => (key ? <Key item={key} /> : <NoSuchKey id={id} />)}
      </Loaded>
    </Page>
  );
}

function Key({ item }: { item: KeyView }) {
  const live = item.revokedAt === null;
  return (
    <div className={live ? classes.columns : classes.narrow}>
      <div className={classes.stack}>
        <SpentPanel item={item} />
      </div>
      {live && (
        <Panel title="Change it">
          {/* A new version starts a new draft. */}
          <ChangeForm key={item.version} item={item} />
        </Panel>
      )}
    </div>
  );
}

function SpentPanel({ item }: { item: KeyView }) {
  const { spent, limits } = item;
  return (
    <Panel
      title="Spent"
      hint="by UTC’s days and months"
      actions={
        <Link to="/traces" search={{ key: item.id }} style={{ color: 'inherit', fontSize: 12.5 }}>
          Its traces
        </Link>
      }
    >
      <div className={classes.spends}>
        <div>
          <span className="dimmed">Today</span>
          <SpendBar spentUsd={spent?.todayUsd ?? null} limitUsd={limits.usdPerDay} label="Today" />
        </div>
        <div>
          <span className="dimmed">This month</span>
          <SpendBar spentUsd={spent?.monthUsd ?? null} limitUsd={limits.usdPerMonth} label="This month" />
        </div>
      </div>
      <Facts
        facts={{
          'Unpriced calls': spent && spent.unpricedCalls > 0 ? `${formatCount(spent.unpricedCalls)} this month, counted as nothing` : null,
          'Begins with': <span className="mono">{`${item.hint}…`}</span>,
          'May call': <MayCall item={item} />,
          'Requests a minute': <PerMinute limit={limits.requestsPerMinute} />,
          'Tokens a minute': <PerMinute limit={limits.tokensPerMinute} />,
          Expires: item.expiresAt === null ? 'never' : formatExact(item.expiresAt),
          Revoked: item.revokedAt === null ? null : formatExact(item.revokedAt),
          Changed: (
            <>
              <RelativeTime at={item.createdAt} /> by {item.actor}
            </>
          ),
        }}
      />
    </Panel>
  );
}

function ChangeForm({ item }: { item: KeyView }) {
  const api = useApi();
  return (
    <KeyForm
      current={item}
      verb="Save"
      send={(body) => api.keys.change(item.id, body)}
      onSaved={({ name }) => notifications.show({ color: 'teal', message: `${name} is changed` })}
    />
  );
}

const NoSuchKey = ({ id }: { id: string }) => (
  <Panel>
    <Empty icon={<IconKey size={34} stroke={1.4} />} title="There is no such key">
      No key of this project has the id <span className="mono">{id}</span>.
    </Empty>
  </Panel>
);
