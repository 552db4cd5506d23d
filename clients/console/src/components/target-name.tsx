import { Tooltip } from '@mantine/core';
import classes from './target-name.module.css';

/** Whether a target is one of our students. */
export function isStudent(target: string): boolean {
  return target.startsWith('student/');
}

/** A target with the colour of its kind: copper for students, slate for everything that is paid for elsewhere. */
export function TargetName({ target }: { target: string }) {
  if (target === '') return <span className="dimmed">–</span>;
  const student = isStudent(target);
  return (
    <Tooltip label={student ? 'a student of this project' : "a provider's model"}>
      <span className={classes.target} data-kind={student ? 'student' : 'provider'}>
        <span className={classes.dot} aria-hidden />
        <span className="mono truncate">{target}</span>
      </span>
    </Tooltip>
  );
}
