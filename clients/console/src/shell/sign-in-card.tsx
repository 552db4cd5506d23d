import { Button, Checkbox, PasswordInput, Stack } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { problemOf, statusOf } from '../api/problem.ts';
import { connect, signIn } from '../api/session.ts';
import { CommandLine } from '../components/command-line.tsx';
import { Logo } from './logo.tsx';
import classes from './sign-in-card.module.css';

/** Asks for the admin key once and tries it before it is kept. */
export function SignInCard({ refusal }: { refusal: string | null }) {
  useDocumentTitle('Sign in · Stillhouse');
  const [key, setKey] = useState('');
  const [remember, setRemember] = useState(false);
  const attempt = useMutation({
    mutationFn: () => connect(key.trim()).overview(),
    onSuccess: () => signIn(key.trim(), remember),
  });
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    if (key.trim() !== '') attempt.mutate();
  };
  const refused = statusOf(attempt.error) === 401 ? 'This key is not known here.' : attempt.error && problemOf(attempt.error).detail;
  return (
    <main className={classes.page}>
      <form className={classes.card} onSubmit={submit}>
        <Logo size={36} />
        <h1 className={classes.title}>Stillhouse</h1>
        <p className={classes.lead}>Sign in with the admin key of this stack.</p>
        <Stack gap="md">
          <PasswordInput
            label="Admin key"
            value={key}
            onChange={(event) => setKey(event.currentTarget.value)}
            error={refused ?? refusal}
            autoComplete="off"
            spellCheck={false}
            data-autofocus
            autoFocus
          />
          <Checkbox
            label="Remember it in this browser"
            description="Otherwise it is forgotten with this tab."
            checked={remember}
            onChange={(event) => setRemember(event.currentTarget.checked)}
          />
          <Button type="submit" loading={attempt.isPending} disabled={key.trim() === ''} fullWidth>
            Sign in
          </Button>
        </Stack>
        <p className={classes.foot}>It was made at the first start and lies beside the stack:</p>
        <CommandLine command="cat .stillhouse/secrets/admin-key" />
      </form>
    </main>
  );
}
