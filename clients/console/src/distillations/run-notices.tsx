import { IconAlertTriangle, IconArrowsSplit, IconPlugConnectedX, IconUserCheck } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { Distillation } from '../../../../contracts/distil.ts';
import { waitsForPerson } from './waits-for-person.ts';
import classes from './distillation.module.css';

/** What whoever opens the page must know first: a failure, a stale state, warnings, where the traffic went. */
export function RunNotices({ run }: { run: Distillation }) {
  const { error, stale, warnings, aliasMoved } = run;
  return (
    <>
      {error && (
        <div className={classes.notice} data-tone="bad" role="alert">
          <IconAlertTriangle size={18} aria-hidden />
          <span>{error}</span>
        </div>
      )}
      {waitsForPerson(run) && (
        <div className={classes.notice} data-tone="waiting">
          <IconUserCheck size={18} aria-hidden />
          <span>
            It waits for a person: approve, and <b>{run.input.alias}</b> moves to <span className="mono">{run.student}</span>.
          </span>
        </div>
      )}
      {stale && (
        <div className={classes.notice}>
          <IconPlugConnectedX size={18} aria-hidden />
          <span>Temporal cannot be asked: this is the last state that was recorded.</span>
        </div>
      )}
      {aliasMoved && (
        <div className={classes.notice} data-tone="good">
          <IconArrowsSplit size={18} aria-hidden />
          <span>
            <Link to="/aliases/$name" params={{ name: aliasMoved.alias }} style={{ color: 'inherit' }}>
              <b>{aliasMoved.alias}</b>
            </Link>{' '}
            moved from <span className="mono">{aliasMoved.before}</span> to <span className="mono">{aliasMoved.after}</span> with version{' '}
            {aliasMoved.version}.
          </span>
        </div>
      )}
      {warnings.length > 0 && (
        <div className={classes.notice}>
          <IconAlertTriangle size={18} aria-hidden />
          {warnings.length === 1 ? (
            <span>{warnings[0]}</span>
          ) : (
            <ul>
              {warnings.map((warning) => (
                <li key={warning}>{warning}</li>
              ))}
            </ul>
          )}
        </div>
      )}
    </>
  );
}
