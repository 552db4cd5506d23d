import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import type { Dataset } from '../../../../contracts/datasets.ts';
import type { DatasetRowView } from '../../../sdk/index.ts';
import { problemOf } from '../api/problem.ts';
import { useApi } from '../api/project-scope.tsx';
import { messagesOf } from '../traces/messages.ts';
import { strokeOf } from './curation-keys.ts';
import classes from './dataset.module.css';

type Said = 'keep' | 'drop' | null;

interface CuratedRowsProps {
  dataset: Dataset;
  rows: DatasetRowView[];
  /** Number of the chosen one. */
  place: number;
  /** Other rows are about to take their place: nothing can be said of these. */
  isComing: boolean;
  /** Gets a number below 0, or one too many, where somebody moves over the end. */
  onMove: (place: number) => void;
}

/** Rows to be kept or dropped by mouse or keyboard; what is said counts in the next version. */
export function CuratedRows({ dataset, rows, place, isComing, onMove }: CuratedRowsProps) {
  const { say, curate } = useCuration(dataset);
  const chosen = rows[place]!;
  const current = useRef<HTMLElement>(null);
  const moved = useRef(false);
  const pressed = (event: React.KeyboardEvent) => {
    const stroke = strokeOf(event);
    if (!stroke) return;
    event.preventDefault();
    if (isComing) return;
    moved.current = true;
    if ('move' in stroke) onMove(place + stroke.move);
    else say.mutate({ row: chosen, verdict: stroke.verdict });
  };
  useEffect(() => {
    // Who moves by the keyboard goes on seeing where; opening the page scrolls nowhere.
    if (moved.current) current.current?.scrollIntoView({ block: 'nearest' });
  }, [chosen.rowId]);
  return (
    <>
      <div className={classes.keys}>
        <span>
          <kbd>j</kbd> <kbd>k</kbd> move · <kbd>y</kbd> keep · <kbd>x</kbd> drop · <kbd>u</kbd> unsay
        </span>
        <Button size="compact-xs" variant="default" loading={curate.isPending} onClick={() => curate.mutate()}>
          Make a version of it
        </Button>
      </div>
      <div role="group" aria-label="Rows" aria-busy={isComing || undefined} tabIndex={0} onKeyDown={pressed}>
        {rows.map((row, i) => (
          <article
            key={row.rowId}
            ref={row === chosen ? current : null}
            aria-current={row === chosen}
            className={classes.row}
            onClick={() => onMove(i)}
          >
            <div className={classes.prompt}>{lastUserText(row)}</div>
            <div className={classes.answer}>
              <span className={`${classes.reference} mono`}>
                {row.reference}
                {row.answer !== null && ` → ${row.answer}`}
              </span>
              <span className={classes.said}>
                <Word row={row} />
                {row.traceId && (
                  <Link to="/traces" search={{ trace: row.traceId }} className="dimmed">
                    trace
                  </Link>
                )}
              </span>
            </div>
          </article>
        ))}
      </div>
    </>
  );
}

/** Whose word counts, and how much the neighbours disagree. */
function Word({ row: { verdict, suspicion } }: { row: DatasetRowView }) {
  return (
    <>
      {suspicion !== undefined && <span className="dimmed">suspicion {suspicion.toFixed(2)}</span>}
      {verdict && (
        <span data-tone={verdict.verdict === 'drop' ? 'bad' : 'good'} title={verdict.reason}>
          {verdict.verdict} by a {verdict.by}
          {verdict.score === null ? '' : `, ${verdict.score.toFixed(2)}`}
        </span>
      )}
    </>
  );
}

function useCuration({ name }: Dataset) {
  const api = useApi();
  const queryClient = useQueryClient();
  const refused = (error: Error) => notifications.show({ color: 'red', title: problemOf(error).title, message: problemOf(error).detail });
  const say = useMutation({
    mutationFn: ({ row, verdict }: { row: DatasetRowView; verdict: Said }) =>
      api.datasets.curation.edit(name, [{ rowIds: [row.rowId], verdict }]),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['datasets', name] }),
    onError: refused,
  });
  const curate = useMutation({
    mutationFn: () => api.datasets.curation.curate(name),
    onSuccess: (begun) => {
      notifications.show({ color: 'teal', message: `Version ${begun.version} of “${name}” is ${begun.status}` });
      return queryClient.invalidateQueries({ queryKey: ['datasets'] });
    },
    onError: refused,
  });
  return { say, curate };
}

function lastUserText(row: DatasetRowView): string {
  return (
    messagesOf(row)
      .findLast((message) => message.role === 'user')
      ?.text.trim() ?? ''
  );
}
