import { QueryClientProvider } from '@tanstack/react-query';
import { createContext, useContext, useState } from 'react';
import type { Stillhouse } from '../../../sdk/index.ts';
import { createQueryClient } from './query-client.ts';
import { clientOf } from './session.ts';

const ProjectApi = createContext<Stillhouse | null>(null);

/** What is inside sees one project's data, and remembers no other's. Another project is another scope: give it as `key`, too. */
export function ProjectScope({ project, children }: { project: string | undefined; children: React.ReactNode }) {
  const [parts] = useState(() => ({ api: clientOf(project), queries: createQueryClient() }));
  return (
    <ProjectApi value={parts.api}>
      <QueryClientProvider client={parts.queries}>{children}</QueryClientProvider>
    </ProjectApi>
  );
}

/** The client of whoever is signed in, for the project that the address names; pages are rendered behind the login only. */
export function useApi(): Stillhouse {
  const api = useContext(ProjectApi);
  if (!api) throw new Error('no key: this page is rendered behind the login only');
  return api;
}
