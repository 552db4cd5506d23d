import { Link } from '@tanstack/react-router';
import type { ClusterDetail, ClusterMember } from '../../../../contracts/clusters.ts';
import classes from './clusters.module.css';

type Member = ClusterMember | ClusterDetail['borderline'][number];

/** Traces of a cluster with what was asked and answered; of borderline ones which other cluster they are near. */
export function Members({ members }: { members: readonly Member[] }) {
  if (members.length === 0) return <div className={classes.quiet}>No trace to show: bodies may have been shed or forgotten.</div>;
  return (
    <div>
      {members.map((member) => (
        <article key={member.traceId} className={classes.member}>
          <div className={classes.prompt}>{member.prompt.trim()}</div>
          <div className={classes.under}>
            <span className={`${classes.answer} mono`}>{member.answer || 'no answer'}</span>
            <span>
              {'otherId' in member ? (
                <>
                  nearly{' '}
                  <Link to="/clusters/$id" params={{ id: member.otherId }}>
                    {member.otherName}
                  </Link>
                </>
              ) : (
                `cosine ${member.similarity.toFixed(2)}`
              )}
              {' · '}
              <Link to="/traces" search={{ trace: member.traceId }}>
                trace
              </Link>
            </span>
          </div>
        </article>
      ))}
    </div>
  );
}
