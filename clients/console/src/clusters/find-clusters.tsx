import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconAffiliate } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { problemOf } from '../api/problem.ts';
import { useApi } from '../api/session.ts';

/** Starts a run over all of the project's traffic, or joins the one that is under way. */
export function FindClusters({ again, running }: { again: boolean; running: boolean }) {
  const api = useApi();
  const queryClient = useQueryClient();
  const find = useMutation({
    mutationFn: () => api.clusters.run({}),
    onSuccess: () => void queryClient.invalidateQueries({ queryKey: ['clusters'] }),
    onError: (error) => notifications.show({ color: 'red', title: problemOf(error).title, message: problemOf(error).detail }),
  });
  return (
    <Button
      variant={again ? 'default' : 'filled'}
      leftSection={<IconAffiliate size={16} />}
      loading={find.isPending}
      disabled={running}
      onClick={() => find.mutate()}
    >
      {again ? 'Find again' : 'Find clusters'}
    </Button>
  );
}
