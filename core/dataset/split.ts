import { createHash } from 'node:crypto';
import { type Dataset, type Split, SPLITS } from '../../contracts/datasets.ts';
import { StillhouseError } from '../../contracts/errors.ts';

/** What near-duplicates have in common: the text after trimming and case folding, runs of white space as one. */
export function normaliseText(text: string): string {
  return text.normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase();
}

/** The near-duplicate group of a text, as a SHA-256. */
export function groupOf(text: string): string {
  return createHash('sha256').update(normaliseText(text)).digest('hex');
}

/**
 * The split of a group. It depends on the group and the shares only, so that a row lies in the same split in every
 * version, whatever else the version holds.
 */
export function splitOf(group: string, shares: { train: number; validation: number; test: number }): Split {
  const digest = createHash('sha256').update(`split:${group}`).digest();
  const place = digest.readUIntBE(0, 6) / 2 ** 48;
  if (place < shares.train) return 'train';
  return place < shares.train + shares.validation ? 'validation' : 'test';
}

/** Refuses other shares than those of the dataset's versions: rows would move, test rows into training among them. */
export function refuseOtherSplits(ready: Pick<Dataset, 'name' | 'version' | 'splits'> | null, splits: Dataset['splits']): void {
  if (!ready || SPLITS.every((split) => Math.abs(ready.splits[split] - splits[split]) < 1e-6)) return;
  const shares = SPLITS.map((split) => `${Number((100 * ready.splits[split]).toFixed(2))}`).join(' / ');
  throw new StillhouseError(
    'conflict',
    `splits: version ${ready.version} of "${ready.name}" is split ${shares} %, and others would move its test rows into training. Take another name.`,
    { param: 'splits' },
  );
}
