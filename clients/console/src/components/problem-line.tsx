import classes from './problem-line.module.css';

/** Why something that was asked for was not done. */
export function ProblemLine({ children, style }: { children: React.ReactNode; style?: React.CSSProperties }) {
  return (
    <p className={classes.problem} style={{ margin: 0, ...style }} role="alert">
      {children}
    </p>
  );
}
