import { Button } from '@mantine/core';
import { useIntersection } from '@mantine/hooks';
import { useEffect } from 'react';
import { plural } from '../format/numbers.ts';
import classes from './traces.module.css';

interface LoadMoreProps {
  query: { hasNextPage: boolean; isFetchingNextPage: boolean; isFetchNextPageError: boolean; fetchNextPage: () => Promise<unknown> };
  shown: number;
}

/** The end of the list: fetches the next page when it comes into sight. */
export function LoadMore({ query, shown }: LoadMoreProps) {
  const { ref, entry } = useIntersection({ rootMargin: '300px' });
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query;
  const inSight = entry?.isIntersecting ?? false;
  useEffect(() => {
    // A page that failed waits for the button.
    if (inSight && hasNextPage && !isFetchingNextPage && !isFetchNextPageError) void fetchNextPage();
  }, [inSight, hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage]);
  return (
    <div ref={ref} className={classes.more}>
      {hasNextPage ? (
        <Button variant="subtle" color="gray" size="xs" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {isFetchNextPageError ? 'That failed. Try again' : 'Show more'}
        </Button>
      ) : (
        <span className="dimmed numbers">{`${plural(shown, 'trace')}, that is all`}</span>
      )}
    </div>
  );
}
