import type { UseQueryResult } from '@tanstack/react-query';
import { Skeleton } from '@mantine/core';
import { ProblemPanel } from './problem-panel.tsx';

interface LoadedProps<T> {
  query: UseQueryResult<T>;
  /** Stands in the place of what comes, in its size, so that nothing jumps. */
  skeleton?: React.ReactNode;
  children: (data: T) => React.ReactNode;
}

/** The data of a query once it is there; a skeleton before, the problem where it failed and nothing older is at hand. */
export function Loaded<T>({ query, skeleton, children }: LoadedProps<T>) {
  if (query.data !== undefined) return children(query.data);
  if (query.isError) return <ProblemPanel error={query.error} retry={() => void query.refetch()} />;
  return (
    <div aria-busy aria-label="Loading">
      {skeleton ?? <Skeleton height={240} radius="lg" />}
    </div>
  );
}
