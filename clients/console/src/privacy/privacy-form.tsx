import { Button, Checkbox, NumberInput, Stack, TagsInput, Textarea } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ProjectView } from '../../../../contracts/keys.ts';
import { problemOf } from '../api/problem.ts';
import { useApi } from '../api/project-scope.tsx';
import { ProblemLine } from '../components/problem-line.tsx';
import { changesOf, DETECTORS, draftOf, type PrivacyDraft } from './privacy-draft.ts';

/** Paths of refusals that stand at a field. */
const FIELDS = /^(retentionDays|privacy\.)/;

/** What of a project's calls is stored, and for how long. */
export function PrivacyForm({ project }: { project: ProjectView }) {
  const api = useApi();
  const queryClient = useQueryClient();
  const [draft, setDraft] = useState(() => draftOf(project));
  const save = useMutation({
    mutationFn: () => api.projects.change(project.name, changesOf(draft)),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: ['projects'] });
      notifications.show({ color: 'teal', message: `What is stored of ${project.name} is changed` });
    },
  });
  const problem = save.error ? problemOf(save.error) : null;
  const errorAt = (path: string) => Object.entries(problem?.fields ?? {}).find(([field]) => field.startsWith(path))?.[1];
  const change = (part: Partial<PrivacyDraft>) => {
    setDraft((old) => ({ ...old, ...part }));
    if (save.isError) save.reset();
  };
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap={18}>
        <NumberInput
          label="Keep traces for"
          description="What began before is deleted once a day, for good; empty: for ever"
          placeholder="for ever"
          suffix=" days"
          min={1}
          allowDecimal={false}
          value={draft.keepDays}
          onChange={(keepDays) => change({ keepDays })}
          error={errorAt('retentionDays')}
        />
        <NumberInput
          label="Store the texts of"
          description="Of the other calls tokens, cost, attempts, names and metadata are stored"
          suffix=" % of the calls"
          min={0}
          max={100}
          value={draft.storePercent}
          onChange={(storePercent) => change({ storePercent })}
          error={errorAt('privacy.storeBodies')}
        />
        <Checkbox.Group
          label="Mask"
          description="What is found is stored as [email], [phone], …; callers and providers see it as it is"
          value={draft.mask}
          onChange={(mask) => change({ mask })}
          error={errorAt('privacy.mask')}
        >
          <Stack gap={8} mt={8}>
            {Object.entries(DETECTORS).map(([value, label]) => (
              <Checkbox key={value} value={value} label={label} />
            ))}
          </Stack>
        </Checkbox.Group>
        <Textarea
          label="Patterns of your own"
          description="name=pattern, one a line, in RE2’s syntax; stored as [name]"
          placeholder="order=ORD-[0-9]+"
          autosize
          minRows={2}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
          value={draft.patterns}
          onChange={(event) => change({ patterns: event.currentTarget.value })}
          error={errorAt('privacy.patterns')}
        />
        <TagsInput
          label="Fields that are not stored"
          description="By name, or the end of a path: ssn, customer.email"
          placeholder={draft.fields.length === 0 ? 'none' : ''}
          value={draft.fields}
          onChange={(fields) => change({ fields })}
          error={errorAt('privacy.fields')}
          acceptValueOnBlur
        />
        {problem && !Object.keys(problem.fields).some((field) => FIELDS.test(field)) && <ProblemLine>{problem.detail}</ProblemLine>}
        <div>
          <Button type="submit" loading={save.isPending}>
            Save
          </Button>
        </div>
      </Stack>
    </form>
  );
}
