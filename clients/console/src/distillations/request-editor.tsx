import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { problemOf } from '../api/problem.ts';
import { useApi } from '../api/project-scope.tsx';
import { CommandLine } from '../components/command-line.tsx';
import { ProblemLine } from '../components/problem-line.tsx';
import { Panel } from '../components/panel.tsx';
import { EstimatePanel } from './estimate-panel.tsx';
import { LimitFields } from './limit-fields.tsx';
import { EMPTY_FORM, commandOf, requestOf } from './request-form.ts';
import type { RequestForm } from './request-form.ts';
import { SubjectFields } from './subject-fields.tsx';
import classes from './new-distillation.module.css';

const SHOWN_FIELDS = Object.keys(EMPTY_FORM);

interface RequestEditorProps {
  initial: RequestForm;
  /** What an earlier run with this input was refused for, by field; goes with the first change. */
  refusals: Record<string, string>;
}

/** The form of a distillation. What is refused stands at the field it is about. */
export function RequestEditor({ initial, refusals }: RequestEditorProps) {
  const [form, setForm] = useState(initial);
  const [earlier, setEarlier] = useState(refusals);
  const start = useStart();
  const problem = start.error ? problemOf(start.error) : null;
  const errors = problem?.fields ?? earlier;
  const elsewhere = problem && !Object.keys(errors).some((field) => SHOWN_FIELDS.includes(field)) ? problem.detail : null;
  const set = (part: Partial<RequestForm>) => {
    setForm((old) => ({ ...old, ...part }));
    setEarlier({});
    if (start.isError) start.reset();
  };
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    start.mutate(requestOf(form));
  };
  return (
    <form onSubmit={submit} className={classes.layout} noValidate>
      <div className={classes.stack}>
        <Panel title="What to distil">
          <SubjectFields form={form} errors={errors} onChange={set} />
        </Panel>
        <Panel title="How far to go">
          <LimitFields form={form} errors={errors} onChange={set} />
        </Panel>
      </div>
      <div className={classes.stack}>
        <EstimatePanel form={form} />
        <Panel title="Start">
          <p className={classes.note}>
            The teacher is asked for up to {form.nSamples || 4} answers a prompt, at most ${form.maxUsd || 10} in all. {aliasNote(form)}
          </p>
          {elsewhere && <ProblemLine style={{ marginBottom: 14 }}>{elsewhere}</ProblemLine>}
          <Button type="submit" fullWidth loading={start.isPending} disabled={form.dataset === ''} mb="md">
            Start the distillation
          </Button>
          <p className={classes.note}>The same from a terminal:</p>
          <CommandLine command={commandOf(form)} />
        </Panel>
      </div>
    </form>
  );
}

function useStart() {
  const api = useApi();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (request: ReturnType<typeof requestOf>) => api.distillations.start(request),
    onSuccess: ({ name, status }) => {
      void queryClient.invalidateQueries({ queryKey: ['distillations'] });
      notifications.show({
        color: 'teal',
        message: status === 'completed' ? `${name} had run before: here is its result` : `${name} is running`,
      });
      void navigate({ to: '/distillations/$name', params: { name } });
    },
  });
}

function aliasNote(form: RequestForm): string {
  if (form.alias.trim() === '') return 'No alias moves.';
  const when = form.approval ? 'once a person has approved' : 'at once';
  return `If the student is not worse by more than ${form.marginPoints || 3} points, ${form.alias.trim()} moves to it ${when}.`;
}
