import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import type { AliasVersion } from '../../../../contracts/aliases.ts';
import { aliasVersionsQuery, providersQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { Loaded } from '../components/loaded.tsx';
import { Page } from '../components/page.tsx';
import { Panel } from '../components/panel.tsx';
import { RelativeTime } from '../components/relative-time.tsx';
import { StatusTag } from '../components/status-tag.tsx';
import { formatCount } from '../format/numbers.ts';
import { TargetName } from '../components/target-name.tsx';
import { Weights } from '../components/weights.tsx';
import { AliasForm } from './alias-form.tsx';
import { AliasHistory } from './alias-history.tsx';
import classes from './alias.module.css';

const PARENT = { label: 'Aliases', to: '/aliases' } as const;

/** One alias: what answers now, how it came to that, and the way to change it. */
export function AliasPage() {
  const { name } = useParams({ from: '/aliases/$name' });
  const query = useQuery(aliasVersionsQuery(useApi(), name));
  const current = query.data?.[0];
  return (
    <Page
      title={name}
      parent={PARENT}
      tag={current?.deleted && <StatusTag tone="calm">deleted</StatusTag>}
      lead={
        current ? (
          <>
            Version {current.version}, since <RelativeTime at={current.createdAt} />
          </>
        ) : (
          ' '
        )
      }
    >
      <Loaded query={query} skeleton={<Skeleton height={420} radius="lg" />}>
        {(versions) => <Alias name={name} versions={versions} />}
      </Loaded>
    </Page>
  );
}

function Alias({ name, versions }: { name: string; versions: AliasVersion[] }) {
  const current = versions[0]!;
  return (
    <div className={classes.columns}>
      <div className={classes.stack}>
        <Panel title="Answers now">
          <Weights targets={current.targets} />
          {current.fallbacks.length > 0 && (
            <div className={classes.fallbacks}>
              If that fails before an answer began:
              {current.fallbacks.map((target) => (
                <div key={target} style={{ marginTop: 5 }}>
                  <TargetName target={target} />
                </div>
              ))}
            </div>
          )}
          <NotReady alias={current} />
          {waysOf(current).map((way) => (
            <div key={way} className={classes.fallbacks}>
              {way}
            </div>
          ))}
        </Panel>
        <AliasHistory name={name} versions={versions} />
      </div>
      <Panel title={current.deleted ? 'Bring it back' : 'Change it'}>
        {/* A new version starts a new draft. */}
        <AliasForm key={current.version} name={name} current={current} verb="Save as a new version" />
      </Panel>
    </div>
  );
}

/** Providers of the alias that can't be called as things stand. */
function NotReady({ alias: { targets, fallbacks } }: { alias: AliasVersion }) {
  const named = [...targets.map(({ target }) => target), ...fallbacks];
  const providers = useQuery(providersQuery(useApi())).data ?? [];
  const down = providers.filter(({ id, ready }) => !ready && named.some((target) => target.startsWith(`${id}/`)));
  return down.map(({ id, reason }) => (
    <p key={id} className={classes.notReady} role="status">
      {reason}
    </p>
  ));
}

/** What is done besides asking a target and its fallbacks. */
function waysOf({ cache, hedge }: AliasVersion): string[] {
  return [
    ...(cache ? [`The very same request is answered again from its answer for ${formatCount(cache.ttlSeconds)} s.`] : []),
    ...(hedge
      ? [`Where a target has not begun to answer after ${formatCount(hedge.afterMs)} ms, the first fallback is asked as well.`]
      : []),
  ];
}
