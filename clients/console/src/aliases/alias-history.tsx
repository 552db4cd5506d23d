import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { AliasVersion } from '../../../../contracts/aliases.ts';
import { problemOf } from '../api/problem.ts';
import { useApi } from '../api/project-scope.tsx';
import { ConfirmButton } from '../components/confirm-button.tsx';
import { Panel } from '../components/panel.tsx';
import { RelativeTime } from '../components/relative-time.tsx';
import { StatusTag } from '../components/status-tag.tsx';
import { Weights } from '../components/weights.tsx';
import { settingsInWords } from './alias-settings.ts';
import classes from './alias.module.css';

/** All versions, newest first, and the way back to each. */
export function AliasHistory({ name, versions }: { name: string; versions: AliasVersion[] }) {
  const rollback = useRollback(name);
  return (
    <Panel title="History" flush>
      <ol className={classes.history}>
        {versions.map((version, i) => (
          <li key={version.version} className={classes.version}>
            <span className={classes.number}>{version.version}</span>
            <div style={{ minWidth: 0 }}>
              {version.deleted ? <StatusTag tone="calm">deleted</StatusTag> : <Weights targets={version.targets} />}
              {settingsInWords(version) && <div className={classes.who}>{settingsInWords(version)}</div>}
              {version.reason && <div className={classes.why}>{version.reason}</div>}
              <div className={classes.who}>
                {version.actor || 'unknown'} · <RelativeTime at={version.createdAt} />
              </div>
            </div>
            {i > 0 && !version.deleted ? (
              <ConfirmButton
                size="compact-sm"
                question={`${name} gets a new version that is a copy of version ${version.version}. Gateways follow within a second.`}
                verb={`Back to version ${version.version}`}
                loading={rollback.isPending && rollback.variables === version.version}
                onConfirm={() => rollback.mutate(version.version)}
              >
                Roll back
              </ConfirmButton>
            ) : (
              i === 0 && <StatusTag tone="good">current</StatusTag>
            )}
          </li>
        ))}
      </ol>
    </Panel>
  );
}

function useRollback(name: string) {
  const api = useApi();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (version: number) => api.aliases.rollback(name, { version, reason: `rolled back to version ${version} in the console` }),
    onSuccess: ({ version }) => {
      void queryClient.invalidateQueries({ queryKey: ['aliases'] });
      notifications.show({ color: 'teal', message: `${name} stands at version ${version}` });
    },
    onError: (error) => notifications.show({ color: 'red', title: problemOf(error).title, message: problemOf(error).detail }),
  });
}
