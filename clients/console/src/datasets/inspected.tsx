import { Button, Skeleton } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { InspectionCard } from '../../../../contracts/dataset-inspection.ts';
import type { Dataset } from '../../../../contracts/datasets.ts';
import { problemOf } from '../api/problem.ts';
import { inspectionQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { Loaded } from '../components/loaded.tsx';
import { formatCount, plural } from '../format/numbers.ts';
import classes from './dataset.module.css';

/** What needs the version to have been looked over, with what was found; else a way to have it looked over. */
export function Inspected({ dataset, children }: { dataset: Dataset; children: React.ReactNode }) {
  const query = useQuery(inspectionQuery(useApi(), dataset));
  return (
    <Loaded query={query} skeleton={<Skeleton height={420} radius={0} />}>
      {({ status, error, card }) =>
        card ? (
          <>
            <Found card={card} />
            {children}
          </>
        ) : (
          <Start dataset={dataset} running={status === 'running'} error={error} />
        )
      }
    </Loaded>
  );
}

function Found({ card: { rows, suspects, leakage } }: { card: InspectionCard }) {
  const { testRows, sameWords, near } = leakage;
  return (
    <div className={classes.found}>
      {formatCount(suspects)} of {plural(rows, 'row')} have another answer than most of their neighbours. Of {plural(testRows, 'test row')}{' '}
      {formatCount(near)} are nearly training rows, {formatCount(sameWords)} have the same words as one.
    </div>
  );
}

function Start({ dataset, running, error }: { dataset: Dataset; running: boolean; error: string | null }) {
  const { name, version } = dataset;
  const api = useApi();
  const queryClient = useQueryClient();
  const inspect = useMutation({
    mutationFn: () => api.datasets.curation.inspect(name, version),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: inspectionQuery(api, dataset).queryKey }),
    onError: (failed) => notifications.show({ color: 'red', title: problemOf(failed).title, message: problemOf(failed).detail }),
  });
  return (
    <div className={classes.quiet} role="status">
      {running ? 'All rows are being compared with each other …' : (error ?? `Nobody has looked for suspects in version ${version} yet.`)}{' '}
      {!running && (
        <Button size="compact-xs" variant="default" loading={inspect.isPending} onClick={() => inspect.mutate()}>
          Look for suspects
        </Button>
      )}
    </div>
  );
}
