import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconAffiliate } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ClusterRequest, ClusterRun } from '../../../../contracts/clusters.ts';
import { problemOf } from '../api/problem.ts';
import { useApi } from '../api/project-scope.tsx';

/** Repeats the last run's request, or starts one over all of the project's traffic; joins the one that is under way. */
export function FindClusters({ last }: { last: ClusterRun | undefined }) {
  const api = useApi();
  const queryClient = useQueryClient();
  const find = useMutation({
    mutationFn: () => api.clusters.run(requestOf(last)),
    onSuccess: () => void queryClient.invalidateQueries({ queryKey: ['clusters'] }),
    onError: (error) => notifications.show({ color: 'red', title: problemOf(error).title, message: problemOf(error).detail }),
  });
  return (
    <Button
      variant={last ? 'default' : 'filled'}
      leftSection={<IconAffiliate size={16} />}
      loading={find.isPending}
      disabled={last?.status === 'running'}
      onClick={() => find.mutate()}
    >
      {last ? 'Find again' : 'Find clusters'}
    </Button>
  );
}

/** Without its name and its end: what came since is to be found, too. */
function requestOf(last: ClusterRun | undefined): Partial<ClusterRequest> {
  if (!last) return {};
  const { name: _, project: __, source, ...rest } = last.input;
  return { ...rest, source: { ...source, until: undefined } };
}
