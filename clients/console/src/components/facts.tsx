import { Fragment } from 'react';
import classes from './facts.module.css';

/** Named facts, one a line; those without a value are left out. */
export function Facts({ facts }: { facts: Record<string, React.ReactNode> }) {
  const shown = Object.entries(facts).filter(([, value]) => value !== null && value !== undefined && value !== '');
  return (
    <dl className={classes.facts}>
      {shown.map(([name, value]) => (
        <Fragment key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </Fragment>
      ))}
    </dl>
  );
}
