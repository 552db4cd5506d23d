import { notifications } from '@mantine/notifications';
import { Button } from '@mantine/core';
import { IconCheck, IconPlayerPause, IconPlayerPlay, IconRefresh, IconX } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Distillation } from '../../../../contracts/distil.ts';
import { problemOf } from '../api/problem.ts';
import { distillationQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { ConfirmButton } from '../components/confirm-button.tsx';
import { waitsForPerson } from './waits-for-person.ts';

type Action = 'pause' | 'resume' | 'cancel' | 'approve';
const DONE: Record<Action, string> = { pause: 'paused', resume: 'goes on', cancel: 'is being cancelled', approve: 'approved' };

/** What can be done to a run that has not ended. */
export function RunActions({ run }: { run: Distillation }) {
  const api = useApi();
  const queryClient = useQueryClient();
  const act = useMutation({
    mutationFn: (action: Action) => api.distillations[action](run.name),
    onSuccess: (state, action) => {
      queryClient.setQueryData<Distillation>(distillationQuery(api, run.name).queryKey, state);
      void queryClient.invalidateQueries({ queryKey: ['distillations'] });
      notifications.show({ color: 'teal', message: `${run.name} ${DONE[action]}` });
    },
    onError: (error) => notifications.show({ color: 'red', title: problemOf(error).title, message: problemOf(error).detail }),
  });
  if (run.status === 'failed' || run.status === 'cancelled') return <StartAgain name={run.name} />;
  if (run.status === 'completed') return null;
  return (
    <>
      {waitsForPerson(run) && (
        <ConfirmButton
          variant="filled"
          question={`The alias ${run.input.alias ?? ''} moves to ${run.student ?? 'the student'} with all of its calls.`}
          verb="Move the alias"
          loading={act.isPending && act.variables === 'approve'}
          leftSection={<IconCheck size={15} />}
          onConfirm={() => act.mutate('approve')}
        >
          Approve
        </ConfirmButton>
      )}
      {run.status === 'running' ? (
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPlayerPause size={15} />}
          loading={act.isPending && act.variables === 'pause'}
          onClick={() => act.mutate('pause')}
        >
          Pause
        </Button>
      ) : (
        <Button
          size="xs"
          leftSection={<IconPlayerPlay size={15} />}
          loading={act.isPending && act.variables === 'resume'}
          onClick={() => act.mutate('resume')}
        >
          Resume
        </Button>
      )}
      <ConfirmButton
        danger
        question="The run ends here. What it paid for stays: the same input again reuses its answers."
        verb="Cancel the run"
        loading={act.isPending && act.variables === 'cancel'}
        leftSection={<IconX size={15} />}
        onConfirm={() => act.mutate('cancel')}
      >
        Cancel
      </ConfirmButton>
    </>
  );
}

const StartAgain = ({ name }: { name: string }) => (
  <Button
    size="xs"
    variant="default"
    leftSection={<IconRefresh size={15} />}
    renderRoot={(props) => <Link to="/new-distillation" search={{ again: name }} {...props} />}
  >
    Change and start again
  </Button>
);
