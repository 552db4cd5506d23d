import type { Trace } from '../../../../contracts/traces.ts';
import { CopyTo } from '../components/copy-to.tsx';
import { TargetName, isStudent } from '../components/target-name.tsx';
import { answerOf, messagesOf } from './messages.ts';
import type { MessageView } from './messages.ts';
import classes from './traces.module.css';

/** The request's messages by role, and the answer. */
export function Conversation({ trace }: { trace: Trace }) {
  const messages = messagesOf(trace.request);
  const answer = answerOf(trace.response) ?? (trace.answer ? { role: 'assistant', text: trace.answer, rest: null } : null);
  return (
    <div className={classes.messages}>
      {messages.map((message, i) => (
        // Messages have no identity but their place, and a trace never changes.
        <Message key={i} message={message} role={message.role} />
      ))}
      {answer && <Message message={answer} role="assistant" answeredBy={trace.target} />}
      {messages.length === 0 && !answer && (
        <p className="dimmed">
          {trace.bodies === 'stored'
            ? 'Neither messages nor an answer were recorded; the JSON tab has the bodies.'
            : `Bodies: ${trace.bodies.replaceAll('_', ' ')}. Counts and cost are under Details.`}
        </p>
      )}
    </div>
  );
}

function Message({ message, role, answeredBy }: { message: MessageView; role: string; answeredBy?: string }) {
  return (
    <article className={classes.message} data-role={answeredBy ? (isStudent(answeredBy) ? 'student' : 'provider') : undefined}>
      <header className={classes.role}>
        <span>{answeredBy ? 'answer' : role}</span>
        <span className={classes.tools}>
          {answeredBy && <TargetName target={answeredBy} />}
          <CopyTo text={message.text} label="Copy the text" />
        </span>
      </header>
      {message.text && <pre className={classes.content}>{message.text}</pre>}
      {message.rest && <pre className={`${classes.content} mono`}>{message.rest}</pre>}
    </article>
  );
}
