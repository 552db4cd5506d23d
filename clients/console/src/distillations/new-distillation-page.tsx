import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { distillationQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { Loaded } from '../components/loaded.tsx';
import { Page } from '../components/page.tsx';
import { RequestEditor } from './request-editor.tsx';
import { EMPTY_FORM, formOf, refusalsOf } from './request-form.ts';

/** Starts a distillation, from nothing or from the input of an earlier one. */
export function NewDistillationPage() {
  const { dataset = '', again } = useSearch({ from: '/new-distillation' });
  return (
    <Page
      title="New distillation"
      parent={{ label: 'Distillations', to: '/distillations' }}
      lead="The same input joins the run that exists; nothing is paid for twice."
    >
      {again ? <Again name={again} /> : <RequestEditor initial={{ ...EMPTY_FORM, dataset }} refusals={{}} />}
    </Page>
  );
}

function Again({ name }: { name: string }) {
  const query = useQuery(distillationQuery(useApi(), name));
  return (
    <Loaded query={query} skeleton={<Skeleton height={560} radius="lg" />}>
      {(run) => <RequestEditor initial={formOf(run.input)} refusals={refusalsOf(run.error)} />}
    </Loaded>
  );
}
