import { useId } from 'react';
import classes from './panel.module.css';

interface PanelProps {
  title?: React.ReactNode;
  /** A few words behind the title. */
  hint?: React.ReactNode;
  actions?: React.ReactNode;
  /** Without padding, for tables; wide ones scroll inside. */
  flush?: boolean;
  className?: string | undefined;
  children: React.ReactNode;
}

/** A card with an optional title line. */
export function Panel({ title, hint, actions, flush = false, className, children }: PanelProps) {
  const id = useId();
  return (
    <section className={`${classes.panel} ${className ?? ''}`} {...(title ? { 'aria-labelledby': id } : {})}>
      {title && (
        <header className={classes.head}>
          <h2 id={id}>
            {title}
            {hint && <span className={classes.hint}>{hint}</span>}
          </h2>
          {actions}
        </header>
      )}
      <div className={flush ? classes.flush : classes.body}>{children}</div>
    </section>
  );
}
