import classes from './figures.module.css';

/** One number of a strip. */
export interface Figure {
  name: string;
  value: React.ReactNode;
  /** A few words behind the number. */
  aside?: React.ReactNode;
  bad?: boolean;
}

/** A strip of numbers: what a page comes down to. */
export function Figures({ figures }: { figures: Figure[] }) {
  return (
    <dl className={classes.figures}>
      {figures.map(({ name, value, aside, bad }) => (
        <div key={name} className={classes.figure}>
          <dt>{name}</dt>
          <dd>
            {value}
            {aside && (
              <span className={classes.aside} data-tone={bad ? 'bad' : undefined}>
                {aside}
              </span>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}
