import type { DistillationEvent } from '../../../../contracts/distil.ts';
import { Panel } from '../components/panel.tsx';
import { plural } from '../format/numbers.ts';
import { formatClock } from '../format/time.ts';
import { STAGE_WORDS } from '../format/wording.ts';
import classes from './events-panel.module.css';

/** What happened, newest first. */
export function EventsPanel({ events }: { events: DistillationEvent[] }) {
  return (
    <Panel title="Events" hint={events.length > 0 ? plural(events.length, 'event') : undefined} flush>
      {events.length === 0 ? (
        <div className={classes.quiet}>Nothing has been reported yet.</div>
      ) : (
        // Focusable, since it scrolls: the keyboard must reach what lies below.
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <ol className={classes.log} tabIndex={0} aria-label="Events, newest first">
          {events.toReversed().map((event) => (
            <li key={event.sequence} className={classes.event} data-kind={event.kind}>
              <time dateTime={event.at}>{formatClock(event.at)}</time>
              <span className={classes.stage}>{event.stage ? STAGE_WORDS[event.stage].name : ''}</span>
              <span className={classes.message}>{event.message}</span>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}
