import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useApi } from '../api/project-scope.tsx';
import { projectsQuery } from '../api/queries.ts';
import classes from './side-bar.module.css';

/** Whose data is shown, where there is more than one project. A thing of one project is not looked for in another: its list is. */
export function ProjectSwitch({ current, onChoose }: { current: string | undefined; onChoose?: (() => void) | undefined }) {
  const projects = useQuery(projectsQuery(useApi())).data ?? [];
  const navigate = useNavigate();
  if (current === undefined) return null;
  if (projects.length < 2) return <div className={classes.project}>{`project ${current}`}</div>;
  const choose = (project: string | null) => {
    const [, section = ''] = window.location.pathname.split('/');
    void navigate({ to: section.startsWith('new-') ? '/' : `/${section}`, search: { project: project ?? undefined } as never });
    onChoose?.();
  };
  return (
    <Select
      aria-label="Project"
      size="xs"
      className={classes.switch ?? ''}
      data={projects.map(({ name }) => name)}
      value={current}
      allowDeselect={false}
      searchable={projects.length > 8}
      onChange={choose}
    />
  );
}
