import { useMutation, useQueryClient } from '@tanstack/react-query';
import { notifications } from '@mantine/notifications';
import { problemOf } from '../api/problem.ts';
import { useApi } from '../api/project-scope.tsx';
import { ConfirmButton } from '../components/confirm-button.tsx';

/** The end of a key, after a question. */
export function RevokeButton({ id, name }: { id: string; name: string }) {
  const api = useApi();
  const queryClient = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => api.keys.revoke(id, 'revoked in the console'),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: ['keys'] });
      notifications.show({ color: 'teal', message: `${name} is revoked` });
    },
    onError: (error) => notifications.show({ color: 'red', message: problemOf(error).detail }),
  });
  return (
    <ConfirmButton
      danger
      loading={revoke.isPending}
      verb="Revoke it"
      question={`Whatever calls with “${name}” is refused from now on. It can not be brought back.`}
      onConfirm={() => revoke.mutate()}
    >
      Revoke
    </ConfirmButton>
  );
}
