import type { ErrorComponentProps } from '@tanstack/react-router';
import { Page } from '../components/page.tsx';
import { ProblemPanel } from '../components/problem-panel.tsx';

/** A page that failed to render: said, with a way to try again, and the rest of the console stays. */
export function RouteProblem({ error, reset }: ErrorComponentProps) {
  return (
    <Page title="This page failed">
      <ProblemPanel error={error} retry={reset} />
    </Page>
  );
}
