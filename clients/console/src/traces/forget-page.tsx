import { Button, TextInput, Textarea } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import type { Forgetting, ForgetPreview, ForgetRequest } from '../../../../contracts/forget.ts';
import { problemOf } from '../api/problem.ts';
import { useApi } from '../api/project-scope.tsx';
import { forgettingQuery } from '../api/queries.ts';
import { ConfirmButton } from '../components/confirm-button.tsx';
import { Loaded } from '../components/loaded.tsx';
import { Page } from '../components/page.tsx';
import { Panel } from '../components/panel.tsx';
import { ProblemLine } from '../components/problem-line.tsx';
import { formatCount, plural } from '../format/numbers.ts';
import { type ForgetDraft, forgetRequestOf } from './forget-draft.ts';
import classes from './forget.module.css';

/** Removes somebody's calls, wherever they are: first they are counted, then asked about once more. */
export function ForgetPage() {
  const { run } = useSearch({ from: '/forget' });
  return (
    <Page
      title="Forget calls"
      parent={{ label: 'Traces', to: '/traces' }}
      lead="Removes calls and what was made of them: feedback, images, rows of datasets, answers of models, calls of the pipeline that held their texts."
    >
      <div className={classes.narrow}>{run === undefined ? <ForgetForm /> : <Progress name={run} />}</div>
    </Page>
  );
}

function ForgetForm() {
  const { user = '', session = '', meta = '' } = useSearch({ from: '/forget' });
  const navigate = useNavigate({ from: '/forget' });
  const api = useApi();
  const [draft, setDraft] = useState<ForgetDraft>({ user, session, meta, ids: '' });
  const count = useMutation({ mutationFn: (request: ForgetRequest) => api.traces.forgetPreview(request) });
  const forget = useMutation({
    mutationFn: (request: ForgetRequest) => api.traces.forget(request),
    // Whom it is about stays out of the address of what follows.
    onSuccess: ({ name }) => void navigate({ search: { run: name }, replace: true }),
  });
  const request = forgetRequestOf(draft);
  const error = count.error ?? forget.error;
  const field = (name: keyof ForgetDraft) => ({
    value: draft[name],
    onChange: (event: React.ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => {
      setDraft({ ...draft, [name]: event.currentTarget.value });
      count.reset();
      forget.reset();
    },
  });
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    if (request) count.mutate(request);
  };
  return (
    <Panel title="Whose calls" hint="all that is named here">
      <form className={classes.form} onSubmit={submit} noValidate>
        <TextInput label="User" description="All of this user up to now" {...field('user')} />
        <TextInput label="Session" description="All of this session up to now" {...field('session')} />
        <TextInput
          label="Metadata"
          description="All that carry these pairs up to now"
          placeholder="customer=c-17, shop=berlin"
          {...field('meta')}
        />
        <Textarea label="Ids of traces" autosize minRows={2} maxRows={8} {...field('ids')} />
        {error && <ProblemLine>{problemOf(error).detail}</ProblemLine>}
        {count.data && request && <Counted preview={count.data} pending={forget.isPending} onForget={() => forget.mutate(request)} />}
        {!count.data && (
          <div>
            <Button type="submit" variant="default" loading={count.isPending} disabled={request === null}>
              Count them
            </Button>
          </div>
        )}
      </form>
    </Panel>
  );
}

function Counted({ preview, pending, onForget }: { preview: ForgetPreview; pending: boolean; onForget: () => void }) {
  const { traces, warnings } = preview;
  return (
    <div className={classes.form} role="status">
      <div>This names {plural(traces, 'stored call')}. What arrives later of them goes, too.</div>
      {warnings.map((warning) => (
        <div key={warning} className={classes.warning}>
          {warning}
        </div>
      ))}
      <div>
        <ConfirmButton
          size="sm"
          color="red.8"
          variant="filled"
          loading={pending}
          danger
          verb="Forget them"
          question={`What was stored of ${plural(traces, 'call')}, and made of it, is removed for good. Only a backup would still have it.`}
          onConfirm={onForget}
        >
          Forget them for good
        </ConfirmButton>
      </div>
    </div>
  );
}

function Progress({ name }: { name: string }) {
  const query = useQuery(forgettingQuery(useApi(), name));
  return (
    <Panel title="Forgetting">
      <Loaded query={query}>{(state) => <Outcome state={state} />}</Loaded>
    </Panel>
  );
}

function Outcome({ state: { status, counts, artifacts, error } }: { state: Forgetting }) {
  if (error !== null) return <ProblemLine>{error}</ProblemLine>;
  if (status === 'running')
    return (
      <div role="status">It is under way: what is found is removed, and looked for once more a minute later. This page follows it.</div>
    );
  const { traces = 0, pipelineTraces = 0, feedback = 0, datasetRows = 0 } = counts ?? {};
  return (
    <div role="status">
      Forgotten: {plural(traces, 'call')}, {formatCount(pipelineTraces)} of the pipeline that held their texts, {plural(feedback, 'piece')}{' '}
      of feedback, {plural(datasetRows, 'row')} of datasets, {plural(artifacts ?? 0, 'file')}.
    </div>
  );
}
