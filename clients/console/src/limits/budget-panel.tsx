import { Button, NumberInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Budget, ProjectView } from '../../../../contracts/keys.ts';
import { problemOf } from '../api/problem.ts';
import { useApi } from '../api/project-scope.tsx';
import { Figures } from '../components/figures.tsx';
import { ProblemLine } from '../components/problem-line.tsx';
import { Panel } from '../components/panel.tsx';
import { formatUsd } from '../format/cost.ts';
import { formatCount, formatPercent } from '../format/numbers.ts';
import { budgetOf } from '../keys/key-draft.ts';
import type { Amount } from '../keys/key-draft.ts';
import classes from './limits.module.css';

/** What the project spent of its budget, and the way to change it. */
export function BudgetPanel({ project }: { project: ProjectView }) {
  const { spent, budget, name } = project;
  const figure = (title: string, spentUsd: number | undefined, limitUsd: number | null) => {
    const share = spentUsd !== undefined && limitUsd !== null ? spentUsd / limitUsd : null;
    const aside = limitUsd === null ? 'no budget' : `of ${formatUsd(limitUsd)}${share === null ? '' : `, ${formatPercent(share, 0)}`}`;
    return { name: title, value: formatUsd(spentUsd), aside, bad: share !== null && share >= 0.8 };
  };
  return (
    <>
      <Figures
        figures={[
          figure('Spent today', spent?.todayUsd, budget.usdPerDay),
          figure('Spent this month', spent?.monthUsd, budget.usdPerMonth),
          { name: 'Unpriced calls this month', value: formatCount(spent?.unpricedCalls), aside: 'count as nothing' },
        ]}
      />
      <Panel title={`Budget of ${name}`} hint="holds for all its calls, whatever the key">
        {/* What another person saved meanwhile is what one goes on from. */}
        <BudgetForm key={`${budget.usdPerDay}/${budget.usdPerMonth}`} project={project} />
      </Panel>
    </>
  );
}

function BudgetForm({ project: { name, budget } }: { project: ProjectView }) {
  const api = useApi();
  const queryClient = useQueryClient();
  const [draft, setDraft] = useState<Record<keyof Budget, Amount>>({
    usdPerDay: budget.usdPerDay ?? '',
    usdPerMonth: budget.usdPerMonth ?? '',
  });
  const save = useMutation({
    mutationFn: () => api.projects.change(name, { budget: budgetOf(draft) }),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: ['projects'] });
      notifications.show({ color: 'teal', message: `The budget of ${name} is changed` });
    },
  });
  const problem = save.error ? problemOf(save.error) : null;
  const field = (key: keyof Budget) => ({
    prefix: '$',
    placeholder: 'none',
    min: 0,
    thousandSeparator: ',',
    value: draft[key],
    onChange: (value: Amount) => setDraft((old) => ({ ...old, [key]: value })),
    error: problem?.fields[`budget.${key}`],
  });
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form className={classes.form} onSubmit={submit} noValidate>
      <NumberInput label="Dollars a day" {...field('usdPerDay')} />
      <NumberInput label="Dollars a month" {...field('usdPerMonth')} />
      <Button type="submit" loading={save.isPending}>
        Save
      </Button>
      {problem && Object.keys(problem.fields).length === 0 && <ProblemLine style={{ flex: '1 0 100%' }}>{problem.detail}</ProblemLine>}
    </form>
  );
}
