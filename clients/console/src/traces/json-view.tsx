import { CopyTo } from '../components/copy-to.tsx';
import classes from './traces.module.css';

/** A body as it was recorded, to read and to copy. */
export function JsonView({ title, value }: { title: string; value: unknown }) {
  const text = typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? '');
  return (
    <section>
      <div className={classes.sub}>
        {title}
        <CopyTo text={text} label={`Copy the ${title.toLowerCase()}`} />
      </div>
      <pre className={classes.json}>{text === '' ? '(empty)' : text}</pre>
    </section>
  );
}
