import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { problemOf } from '../api/problem.ts';
import { useApi } from '../api/project-scope.tsx';
import { Page } from '../components/page.tsx';
import { Panel } from '../components/panel.tsx';
import { ProblemLine } from '../components/problem-line.tsx';
import { EMPTY_DRAFT, requestOf, tracesOf } from './dataset-draft.ts';
import type { DatasetDraft } from './dataset-draft.ts';
import { SourceFields, TaskFields } from './dataset-fields.tsx';
import classes from './new-dataset.module.css';

/** Fields that refusals are shown at. */
const SHOWN = new Set(['name', 'task.labels', 'source.file']);

/** Begins a dataset from recorded calls, a cluster's for one, or from a file. */
export function NewDatasetPage() {
  const search = useSearch({ from: '/new-dataset' });
  const [draft, setDraft] = useState<DatasetDraft>({ ...EMPTY_DRAFT, ...search });
  const begin = useBegin();
  const problem = begin.error ? problemOf(begin.error) : null;
  const errors = problem?.fields ?? {};
  const change = (part: Partial<DatasetDraft>) => {
    setDraft((old) => ({ ...old, ...part }));
    if (begin.isError) begin.reset();
  };
  const isWhole = draft.name.trim() !== '' && (draft.from === 'traces' || draft.file !== null);
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    if (isWhole) begin.mutate(draft);
  };
  return (
    <Page
      title="New dataset"
      parent={{ label: 'Datasets', to: '/datasets' }}
      lead="The same name and source join what exists; another source makes a new version. Failed and interrupted calls stay out."
    >
      <form className={classes.form} onSubmit={submit} noValidate>
        <Panel title="Dataset">
          <TaskFields draft={draft} errors={errors} onChange={change} />
        </Panel>
        <Panel title="Where its rows come from" hint={draft.from === 'traces' ? 'with nothing named: all calls of your apps' : undefined}>
          <SourceFields draft={draft} errors={errors} onChange={change} />
        </Panel>
        {problem && !Object.keys(errors).some((field) => SHOWN.has(field)) && <ProblemLine>{problem.detail}</ProblemLine>}
        <div>
          <Button type="submit" loading={begin.isPending} disabled={!isWhole}>
            Make the dataset
          </Button>
        </div>
      </form>
    </Page>
  );
}

function useBegin() {
  const api = useApi();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (draft: DatasetDraft) => {
      const isFile = draft.from === 'file' && draft.file !== null;
      const source = isFile ? { file: (await api.datasets.upload(draft.file!)).file } : tracesOf(draft);
      return api.datasets.create(requestOf(draft, source));
    },
    onSuccess: ({ name, version, status }) => {
      void queryClient.invalidateQueries({ queryKey: ['datasets'] });
      notifications.show({ color: 'teal', message: `Version ${version} of “${name}” is ${status}` });
      void navigate({ to: '/datasets/$name', params: { name } });
    },
  });
}
