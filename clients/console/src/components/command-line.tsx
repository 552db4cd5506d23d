import { CopyTo } from './copy-to.tsx';
import classes from './command-line.module.css';

/** A command to copy into a terminal. */
export function CommandLine({ command }: { command: string }) {
  return (
    <div className={classes.line}>
      <pre className={classes.text}>{command}</pre>
      <CopyTo text={command} />
    </div>
  );
}
