import { Autocomplete, Button } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Replay, ReplayedAnswer } from '../../../../contracts/replay.ts';
import type { Trace } from '../../../../contracts/traces.ts';
import { problemOf } from '../api/problem.ts';
import { aliasesQuery, targetsQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { StatusTag } from '../components/status-tag.tsx';
import { ProblemLine } from '../components/problem-line.tsx';
import { TargetName, isStudent } from '../components/target-name.tsx';
import { formatUsd } from '../format/cost.ts';
import { formatCount } from '../format/numbers.ts';
import { formatMs } from '../format/time.ts';
import { answerOf } from './messages.ts';
import classes from './traces.module.css';

/** The trace's request to another target, and both answers side by side. */
export function ReplayPanel({ trace }: { trace: Trace }) {
  const api = useApi();
  const [target, setTarget] = useState('');
  const { data: targets = [] } = useQuery(targetsQuery(api));
  const { data: aliases = [] } = useQuery(aliasesQuery(api));
  const call = useMutation({ mutationFn: (to: string) => api.traces.replay(trace.id, { target: to }) });
  const send = (event: React.SyntheticEvent) => {
    event.preventDefault();
    if (target.trim() !== '' && !call.isPending) call.mutate(target.trim());
  };
  return (
    <>
      <p className={`dimmed ${classes.line}`}>
        Sends this request once more, to another target. The call is paid for and recorded, apart from your app’s traffic.
      </p>
      <form onSubmit={send} className={classes.replayForm}>
        <Autocomplete
          aria-label="Target"
          placeholder="provider/model, student/name or an alias"
          data={[...aliases.map(({ name }) => name), ...targets.filter(({ ready }) => ready).map((info) => info.target)]}
          value={target}
          onChange={setTarget}
        />
        <Button type="submit" loading={call.isPending} disabled={target.trim() === ''}>
          Replay
        </Button>
      </form>
      {call.error && <ProblemLine style={{ margin: '14px 0 16px' }}>{problemOf(call.error).detail}</ProblemLine>}
      {call.data && <BothAnswers replay={call.data} />}
    </>
  );
}

const BothAnswers = ({ replay: { original, replay, same } }: { replay: Replay }) => (
  <div aria-live="polite">
    <div className={classes.sub}>
      {replay.error !== '' || original.error !== '' ? (
        <StatusTag tone="bad">{replay.error === '' ? 'failed then' : 'failed now'}</StatusTag>
      ) : (
        <StatusTag tone={same ? 'good' : 'warn'}>{same ? 'the same answer' : 'another answer'}</StatusTag>
      )}
      {replay.traceId && (
        <Link to="/traces" search={{ trace: replay.traceId }} style={{ color: 'inherit' }}>
          the new call’s trace
        </Link>
      )}
    </div>
    <div className={classes.both}>
      <OneAnswer when="then" answer={original} />
      <OneAnswer when="now" answer={replay} />
    </div>
  </div>
);

function OneAnswer({ when, answer }: { when: string; answer: ReplayedAnswer }) {
  const view = answer.error === '' ? answerOf(answer.response) : null;
  return (
    <article className={classes.message} data-role={isStudent(answer.target) ? 'student' : 'provider'}>
      <header className={classes.role}>
        <span>{when}</span>
        <TargetName target={answer.target} />
      </header>
      <pre className={classes.content}>{answer.error || view?.text || answer.text || (view?.rest ? '' : '(an empty answer)')}</pre>
      {view?.rest && <pre className={`${classes.content} mono`}>{view.rest}</pre>}
      <footer className={classes.took}>
        <span>{formatMs(answer.latencyMs)}</span>
        <span>{`${formatCount(answer.tokensIn)} + ${formatCount(answer.tokensOut)} tokens`}</span>
        <span>{formatUsd(answer.costUsd)}</span>
      </footer>
    </article>
  );
}
