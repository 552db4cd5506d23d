import classes from './empty.module.css';

interface EmptyProps {
  icon: React.ReactNode;
  title: string;
  children: React.ReactNode;
  /** What to do next: a command to copy, a button. */
  next?: React.ReactNode;
}

/** Where there is nothing yet: why, and what to do next. */
export function Empty({ icon, title, children, next }: EmptyProps) {
  return (
    <div className={classes.empty}>
      <span className={classes.icon} aria-hidden>
        {icon}
      </span>
      <p className={classes.title}>{title}</p>
      <p className={classes.text}>{children}</p>
      {next && <div className={classes.next}>{next}</div>}
    </div>
  );
}
