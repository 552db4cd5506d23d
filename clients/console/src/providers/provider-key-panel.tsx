import { Button, PasswordInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ProviderView } from '../../../../contracts/providers.ts';
import { problemOf } from '../api/problem.ts';
import { useApi } from '../api/project-scope.tsx';
import { ConfirmButton } from '../components/confirm-button.tsx';
import { Panel } from '../components/panel.tsx';
import { ProblemLine } from '../components/problem-line.tsx';
import { keyInWords } from './provider-state.tsx';
import classes from './providers.module.css';

/** Where the key comes from, and the way to store another, or none. A stored key is never read back. */
export function ProviderKeyPanel({ provider }: { provider: ProviderView }) {
  const { id, key } = provider;
  const stored = key.from === 'api';
  return (
    <Panel title="Key" hint={keyInWords(provider)} actions={stored && <RemoveKey id={id} variable={key.variable} />}>
      {key.variable === null ? (
        <p className={classes.words}>
          It is called without a key of ours. It takes one once <span className="mono">stillhouse.yaml</span> names its{' '}
          <span className="mono">apiKeyEnv</span>.
        </p>
      ) : (
        <>
          <p className={classes.words}>
            {stored ? 'The stored key goes before' : 'A key that is stored here goes before'} the gateway’s environment (
            <span className="mono">{key.variable}</span>). It is kept encrypted, shown by nobody, and used by every gateway within a second.
          </p>
          <KeyForm id={id} stored={stored} />
        </>
      )}
    </Panel>
  );
}

function KeyForm({ id, stored }: { id: string; stored: boolean }) {
  const api = useApi();
  const refresh = useProvidersAnew();
  const [key, setKey] = useState('');
  const save = useMutation({
    mutationFn: (secret: string) => api.providerKeys.set(id, secret),
    // It is kept nowhere here, once it is sent.
    gcTime: 0,
    onSuccess: () => {
      setKey('');
      save.reset();
      refresh();
      notifications.show({ color: 'teal', message: `The key of ${id} is stored` });
    },
  });
  const problem = save.error ? problemOf(save.error) : null;
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    save.mutate(key.trim());
  };
  return (
    <form className={classes.keyForm} onSubmit={submit} noValidate>
      <PasswordInput
        label={stored ? 'Another key' : 'A key to store'}
        autoComplete="off"
        value={key}
        onChange={(event) => {
          setKey(event.currentTarget.value);
          if (save.isError) save.reset();
        }}
        error={problem?.fields['key']}
      />
      <Button type="submit" loading={save.isPending} disabled={key.trim() === ''}>
        {stored ? 'Replace' : 'Store'}
      </Button>
      {problem && !problem.fields['key'] && <ProblemLine style={{ gridColumn: '1 / -1' }}>{problem.detail}</ProblemLine>}
    </form>
  );
}

function RemoveKey({ id, variable }: { id: string; variable: string | null }) {
  const api = useApi();
  const refresh = useProvidersAnew();
  const remove = useMutation({
    mutationFn: () => api.providerKeys.remove(id),
    onSuccess: ({ from }) => {
      refresh();
      const now = from === 'environment' ? 'the environment’s counts again' : 'it has none now';
      notifications.show({ color: 'teal', message: `The stored key of ${id} is gone: ${now}` });
    },
    onError: (error) => notifications.show({ color: 'red', message: problemOf(error).detail }),
  });
  return (
    <ConfirmButton
      danger
      loading={remove.isPending}
      verb="Remove it"
      question={`The stored key is gone for good. From then on ${id} is called with ${variable} of the gateway’s environment, or not at all.`}
      onConfirm={() => remove.mutate()}
    >
      Remove
    </ConfirmButton>
  );
}

function useProvidersAnew() {
  const queryClient = useQueryClient();
  return () => {
    void queryClient.invalidateQueries({ queryKey: ['providers'] });
    void queryClient.invalidateQueries({ queryKey: ['targets'] });
  };
}
