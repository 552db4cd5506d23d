import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { KeyView } from '../../../../contracts/keys.ts';
import { problemOf } from '../api/problem.ts';
import { draftOf, inputOf } from './key-draft.ts';
import { KeyFields, KEY_FIELDS } from './key-fields.tsx';
import classes from './keys.module.css';
import { ProblemLine } from '../components/problem-line.tsx';

interface KeyFormProps<T extends KeyView> {
  /** What stands now; null for a new key. */
  current: KeyView | null;
  verb: string;
  send: (body: ReturnType<typeof inputOf>) => Promise<T>;
  onSaved: (key: T) => void;
}

/** What a key may do, for a new one and for a change. */
export function KeyForm<T extends KeyView>({ current, verb, send, onSaved }: KeyFormProps<T>) {
  const queryClient = useQueryClient();
  const [draft, setDraft] = useState(() => draftOf(current));
  const save = useMutation({
    mutationFn: () => send(inputOf(draft)),
    // A new key's secret is kept nowhere but where it is shown.
    gcTime: 0,
    onSuccess: (key) => {
      void queryClient.invalidateQueries({ queryKey: ['keys'] });
      onSaved(key);
    },
  });
  const problem = save.error ? problemOf(save.error) : null;
  const errors = problem?.fields ?? {};
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form className={classes.form} onSubmit={submit} noValidate>
      <KeyFields
        draft={draft}
        errors={errors}
        onChange={(part) => {
          setDraft((old) => ({ ...old, ...part }));
          if (save.isError) save.reset();
        }}
      />
      {problem && !Object.keys(errors).some((field) => KEY_FIELDS.test(field)) && <ProblemLine>{problem.detail}</ProblemLine>}
      <Button type="submit" loading={save.isPending} disabled={draft.name.trim() === ''}>
        {verb}
      </Button>
    </form>
  );
}
