import { Button, TextInput, Textarea } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ClusterDetail } from '../../../../contracts/clusters.ts';
import { problemOf } from '../api/problem.ts';
import { clusterQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import classes from './clusters.module.css';

/** A person's name and rules for a cluster. */
export function RenameForm({ cluster }: { cluster: ClusterDetail }) {
  const api = useApi();
  const queryClient = useQueryClient();
  const [name, setName] = useState(cluster.name);
  const [description, setDescription] = useState(cluster.description);
  const changes = {
    ...(name.trim() === cluster.name ? {} : { name }),
    ...(description.trim() === cluster.description ? {} : { description }),
  };
  const rename = useMutation({
    mutationFn: () => api.clusters.change(cluster.id, changes),
    onSuccess: (changed) => {
      queryClient.setQueryData<ClusterDetail>(clusterQuery(api, cluster.id).queryKey, changed);
      void queryClient.invalidateQueries({ queryKey: ['clusters', 'list'] });
      notifications.show({ color: 'teal', message: `It is called “${changed.name}” now` });
    },
    onError: (error) => notifications.show({ color: 'red', title: problemOf(error).title, message: problemOf(error).detail }),
  });
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        rename.mutate();
      }}
    >
      <TextInput label="Name" value={name} maxLength={80} onChange={(event) => setName(event.currentTarget.value)} />
      <Textarea
        label="In a sentence"
        value={description}
        maxLength={1000}
        autosize
        minRows={2}
        onChange={(event) => setDescription(event.currentTarget.value)}
      />
      <div>
        <Button type="submit" size="xs" loading={rename.isPending} disabled={name.trim() === '' || Object.keys(changes).length === 0}>
          Save
        </Button>
      </div>
    </form>
  );
}
