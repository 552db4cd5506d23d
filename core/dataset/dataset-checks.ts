import { type Split, SPLITS, type Task } from '../../contracts/datasets.ts';
import { StillhouseError } from '../../contracts/errors.ts';

/** Fewer rows make no dataset, whatever the shares are. */
export const FEWEST_ROWS = 20;
/** More different answers than this share of the rows are no labels. */
const MOST_LABELS_SHARE = 0.5;

/** What the rows of a dataset came to. */
export interface DatasetCounts {
  rows: Record<Split, number>;
  groups: number;
  /** Answers and how often each was given. */
  labels: ReadonlyMap<string, number>;
  /** Labels of the training rows alone. */
  trainLabels: ReadonlySet<string>;
  skipped: ReadonlyMap<string, number>;
}

/** Refuses what can't be learned from, with the numbers; answers with warnings. */
export function checkDataset(task: Task, counts: DatasetCounts): string[] {
  const total = SPLITS.reduce((sum, split) => sum + counts.rows[split], 0);
  const skipped = [...counts.skipped].map(([reason, n]) => `${n} ${reason}`).join(', ');
  const left = skipped ? ` Left out: ${skipped}.` : '';
  if (total === 0) throw new StillhouseError('dataset_too_small', `There are no rows: the source has no usable call.${left}`);
  const outside = counts.skipped.get('outside the label set') ?? 0;
  if (outside > total)
    throw new StillhouseError(
      'dataset_invalid',
      `${outside} of ${outside + total} answers are outside the label set: the labels are not those of this traffic.`,
      { param: 'task.labels' },
    );
  const perSplit = SPLITS.map((split) => `${counts.rows[split]} ${split}`).join(', ');
  if (total < FEWEST_ROWS || SPLITS.some((split) => counts.rows[split] === 0))
    throw new StillhouseError(
      'dataset_too_small',
      `${total} rows in ${counts.groups} groups of near-duplicates are too few to split (${perSplit}); it takes at least ${FEWEST_ROWS}, and one in each split.${left}`,
      { data: { rows: total, groups: counts.groups, ...counts.rows } },
    );
  if (task.kind === 'label') checkLabels(task, counts, total);
  const warnings: string[] = [];
  if (task.kind === 'label') {
    const untaught = (task.labels ?? [...counts.labels.keys()]).filter((label) => !counts.trainLabels.has(label));
    if (untaught.length > 0) warnings.push(`No training row has the label ${untaught.map((label) => `"${label}"`).join(', ')}.`);
  }
  return warnings;
}

function checkLabels(task: Extract<Task, { kind: 'label' }>, counts: DatasetCounts, total: number): void {
  if (counts.labels.size === 1) {
    const [only] = counts.labels.keys();
    throw new StillhouseError('dataset_invalid', `All ${total} rows have the label "${only}": there is nothing to tell apart.`, {
      param: 'task',
    });
  }
  if (counts.trainLabels.size < 2)
    throw new StillhouseError('dataset_too_small', `The ${counts.rows.train} training rows have one label only: more rows are needed.`);
  if (!task.labels && counts.labels.size > total * MOST_LABELS_SHARE)
    throw new StillhouseError(
      'dataset_invalid',
      `${total} rows have ${counts.labels.size} different answers: that is no label task. State task.labels, or the kind "text".`,
      { param: 'task' },
    );
}
