import { Button, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Dataset, Split } from '../../../../contracts/datasets.ts';
import { ROWS_A_PAGE, rowsQuery } from '../api/queries.ts';
import { useApi } from '../api/project-scope.tsx';
import { Loaded } from '../components/loaded.tsx';
import { formatCount } from '../format/numbers.ts';
import { CuratedRows } from './curated-rows.tsx';
import classes from './dataset.module.css';

/** Rows by pages; whoever moves over the end of one by the keyboard comes to the next. */
export function PagedRows({ dataset, split, order }: { dataset: Dataset; split: Split; order: 'position' | 'suspect' }) {
  // Cursors of the pages that were left behind, then this one's: the first has none.
  const [cursors, setCursors] = useState<(string | undefined)[]>([undefined]);
  const [place, setPlace] = useState(0);
  const query = useQuery(rowsQuery(useApi(), dataset, { split, order, cursor: cursors.at(-1) }));
  const next = query.isPlaceholderData ? null : (query.data?.nextCursor ?? null);
  const forth = () => {
    if (next === null) return;
    setCursors([...cursors, next]);
    setPlace(0);
  };
  const back = (to: number) => {
    if (cursors.length === 1) return;
    setCursors(cursors.slice(0, -1));
    setPlace(to);
  };
  const move = (to: number, rows: number) => {
    if (to < 0) back(ROWS_A_PAGE - 1);
    else if (to < rows) setPlace(to);
    else forth();
  };
  const isOnly = cursors.length === 1 && next === null;
  return (
    <Loaded query={query} skeleton={<Skeleton height={420} radius={0} />}>
      {({ items }) => (
        <>
          {items.length > 0 ? (
            <CuratedRows
              dataset={dataset}
              rows={items}
              place={Math.min(place, items.length - 1)}
              isComing={query.isPlaceholderData}
              onMove={(to) => move(to, items.length)}
            />
          ) : (
            <div className={classes.quiet}>{isOnly ? 'This split is empty.' : 'All rows of this page were forgotten.'}</div>
          )}
          {(items.length > 0 || !isOnly) && (
            <div className={classes.pages}>
              <span className="dimmed numbers">{placesOf(cursors.length, dataset.rows[split])}</span>
              <Button size="compact-xs" variant="default" disabled={cursors.length === 1} onClick={() => back(0)}>
                Before
              </Button>
              <Button size="compact-xs" variant="default" disabled={next === null} onClick={forth}>
                Next
              </Button>
            </div>
          )}
        </>
      )}
    </Loaded>
  );
}

/** Which places of a split a page has; rows that were forgotten leave theirs empty. */
function placesOf(page: number, rows: number): string {
  const from = (page - 1) * ROWS_A_PAGE;
  return `${formatCount(from + 1)} to ${formatCount(Math.min(rows, from + ROWS_A_PAGE))} of ${formatCount(rows)}`;
}
