import { Button, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { problemOf } from '../api/problem.ts';
import { useApi } from '../api/project-scope.tsx';
import { CopyTo } from '../components/copy-to.tsx';
import { ProblemLine } from '../components/problem-line.tsx';
import { Panel } from '../components/panel.tsx';
import { formatUsd } from '../format/cost.ts';
import { formatMs } from '../format/time.ts';
import classes from './student.module.css';

/** One message to the student, as an app would send it; the call is a trace like any other. */
export function TryPanel({ name }: { name: string }) {
  const api = useApi();
  const [message, setMessage] = useState('');
  const call = useMutation({ mutationFn: (text: string) => api.tryTarget(`student/${name}`, text) });
  const send = (event: React.SyntheticEvent) => {
    event.preventDefault();
    if (message.trim() !== '' && !call.isPending) call.mutate(message);
  };
  const sendByKey = (event: React.KeyboardEvent) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) send(event);
  };
  return (
    <Panel title="Try it" hint="a call like an app’s: it is recorded">
      <form onSubmit={send} className={classes.form}>
        <Textarea
          aria-label="Message"
          placeholder="What would a user write?"
          autosize
          minRows={2}
          maxRows={10}
          value={message}
          onChange={(event) => setMessage(event.currentTarget.value)}
          onKeyDown={sendByKey}
          className={classes.message}
        />
        <Button type="submit" loading={call.isPending} disabled={message.trim() === ''}>
          Ask
        </Button>
      </form>
      {call.error && <ProblemLine style={{ marginTop: 12 }}>{problemOf(call.error).detail}</ProblemLine>}
      {call.data && (
        <div className={classes.answer} aria-live="polite">
          <pre className={classes.text}>{call.data.text || '(an empty answer)'}</pre>
          <div className={classes.took}>
            <span>{formatMs(call.data.latencyMs)}</span>
            <span>{formatUsd(call.data.costUsd)}</span>
            {call.data.traceId && (
              <Link to="/traces" search={{ trace: call.data.traceId }} style={{ color: 'inherit' }}>
                its trace
              </Link>
            )}
            <CopyTo text={call.data.text} label="Copy the answer" />
          </div>
        </div>
      )}
    </Panel>
  );
}
