import { Button, NumberInput, TagsInput, Textarea } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconPlus } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { AliasVersion } from '../../../../contracts/aliases.ts';
import { problemOf } from '../api/problem.ts';
import { targetsQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { draftOf, inputOf, shareOf, withTarget } from './alias-draft.ts';
import type { AliasDraft } from './alias-draft.ts';
import { TargetInput } from './target-input.tsx';
import classes from './alias.module.css';
import { ProblemLine } from '../components/problem-line.tsx';

interface AliasFormProps {
  name: string;
  /** What stands now; null for a new alias. */
  current: AliasVersion | null;
  verb: string;
  onSaved?: (version: AliasVersion) => void;
}

/** Targets with weights, fallbacks, what of answers is kept and hedged, and the reason of the change. */
export function AliasForm({ name, current, verb, onSaved }: AliasFormProps) {
  const [draft, setDraft] = useState<AliasDraft>(() => draftOf(current));
  const options = useQuery(targetsQuery(useApi())).data?.map(({ target }) => target) ?? [];
  const save = useSave(name, (version) => {
    setDraft(draftOf(version));
    onSaved?.(version);
  });
  const problem = save.error ? problemOf(save.error) : null;
  const errors = problem?.fields ?? {};
  const change = (part: Partial<AliasDraft>) => {
    setDraft((old) => ({ ...old, ...part }));
    if (save.isError) save.reset();
  };
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    save.mutate(draft);
  };
  return (
    <form className={classes.form} onSubmit={submit} noValidate>
      <div className={classes.rows} role="group" aria-label="Targets">
        <div className={classes.label}>Targets and their weights</div>
        {draft.targets.map((target, i) => (
          <TargetInput
            key={target.id}
            draft={target}
            options={options}
            share={draft.targets.length > 1 ? shareOf(draft, target.id) : null}
            errors={{ target: errors[`targets[${i}].target`], weight: errors[`targets[${i}].weight`] }}
            onChange={(part) => change({ targets: draft.targets.map((each) => (each.id === target.id ? { ...each, ...part } : each)) })}
            onRemove={
              draft.targets.length > 1 ? () => change({ targets: draft.targets.filter((each) => each.id !== target.id) }) : undefined
            }
          />
        ))}
        <div>
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            leftSection={<IconPlus size={14} />}
            onClick={() => setDraft(withTarget(draft))}
          >
            Add a target
          </Button>
        </div>
      </div>
      <TagsInput
        label="Fallbacks"
        description="Tried in order when a target fails before its answer began"
        placeholder={draft.fallbacks.length === 0 ? 'none' : ''}
        data={options}
        value={draft.fallbacks}
        onChange={(fallbacks) => change({ fallbacks })}
        error={errors['fallbacks'] ?? errors['fallbacks[0]']}
      />
      <div className={classes.pair}>
        <NumberInput
          label="Keep answers for"
          description="The very same request is answered again"
          placeholder="not kept"
          suffix=" s"
          clampBehavior="none"
          allowDecimal={false}
          hideControls
          value={draft.cacheSeconds}
          onChange={(cacheSeconds) => change({ cacheSeconds })}
          error={errors['cache.ttlSeconds']}
        />
        <NumberInput
          label="Ask the next as well after"
          description="Who answers first is taken"
          placeholder="one at a time"
          suffix=" ms"
          clampBehavior="none"
          allowDecimal={false}
          hideControls
          value={draft.hedgeMs}
          onChange={(hedgeMs) => change({ hedgeMs })}
          error={errors['hedge.afterMs']}
        />
      </div>
      <Textarea
        label="Reason"
        description="Stays in the history"
        autosize
        minRows={2}
        value={draft.reason}
        onChange={(event) => change({ reason: event.currentTarget.value })}
        error={errors['reason']}
      />
      {problem && !Object.keys(errors).some((field) => /^(targets\[|fallbacks|cache|hedge|reason)/.test(field)) && (
        <ProblemLine>{problem.detail}</ProblemLine>
      )}
      <Button type="submit" loading={save.isPending} disabled={name === '' || draft.targets.some(({ target }) => target.trim() === '')}>
        {verb}
      </Button>
    </form>
  );
}

function useSave(name: string, onSaved: (version: AliasVersion) => void) {
  const api = useApi();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (draft: AliasDraft) => api.aliases.set(name, inputOf(draft)),
    onSuccess: (version) => {
      void queryClient.invalidateQueries({ queryKey: ['aliases'] });
      notifications.show({ color: 'teal', message: `${name} stands at version ${version.version}` });
      onSaved(version);
    },
  });
}
