import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useApi } from '../api/project-scope.tsx';
import { overviewQuery, projectsQuery } from '../api/queries.ts';
import { Loaded } from '../components/loaded.tsx';
import { Page } from '../components/page.tsx';
import { Panel } from '../components/panel.tsx';
import { PrivacyForm } from './privacy-form.tsx';
import classes from './privacy.module.css';

/** What of a project's calls is stored. */
export function PrivacyPage() {
  const api = useApi();
  const projects = useQuery(projectsQuery(api));
  const name = useQuery(overviewQuery(api)).data?.project;
  return (
    <Page
      title="Privacy"
      lead={
        <>
          How calls are stored that end from now on. What is stored already stays as it is, until it is too old or{' '}
          <Link to="/forget" className={classes.link}>
            forgotten
          </Link>
          .
        </>
      }
    >
      <Loaded query={projects} skeleton={<Skeleton height={620} radius="lg" />}>
        {(all) => {
          const project = all.find((one) => one.name === name);
          if (!project) return null;
          return (
            <Panel title={`Project ${project.name}`} className={classes.narrow}>
              {/* What another person saved meanwhile is what one goes on from. */}
              <PrivacyForm key={JSON.stringify([project.retentionDays, project.privacy])} project={project} />
            </Panel>
          );
        }}
      </Loaded>
    </Page>
  );
}
