import { Link } from '@tanstack/react-router';
import type { LinkProps } from '@tanstack/react-router';
import { useDocumentTitle } from '@mantine/hooks';
import classes from './page.module.css';

interface PageProps {
  title: string;
  /** Beside the title: a status. */
  tag?: React.ReactNode;
  /** A sentence under the title. */
  lead?: React.ReactNode;
  /** The list that this page is one of. */
  parent?: { label: string; to: LinkProps['to'] };
  actions?: React.ReactNode;
  children: React.ReactNode;
}

/** A page: its heading, what can be done with it, its content. */
export function Page({ title, tag, lead, parent, actions, children }: PageProps) {
  useDocumentTitle(`${title} · Stillhouse`);
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <div>
          {parent && (
            <Link to={parent.to} className={classes.crumb}>
              {parent.label}
            </Link>
          )}
          <div className={classes.title}>
            <h1>{title}</h1>
            {tag}
          </div>
          {lead && <div className={classes.lead}>{lead}</div>}
        </div>
        {actions && <div className={classes.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}
