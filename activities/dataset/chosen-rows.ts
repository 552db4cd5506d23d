import type { BuildDatasetInput, Split } from '../../contracts/datasets.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { type EditedRow, editedRows } from './curated-rows.ts';
import type { SourceSetting } from './source-rows.ts';

/** Where a chosen row lies. */
export interface Place {
  split: Split;
  /** -1: it is left out. */
  position: number;
  /** Why it is left out. */
  reason?: string;
}

export interface ChosenRow extends EditedRow {
  /** Where the row lies; `place` says where it comes from. */
  at: Place;
}

/**
 * The rows of a selection (by row id), read from the source again, page by page, each once. Calls that were clustered or judged anew
 * in the meantime are found as well. Rejects with `dataset_invalid` where some are gone.
 */
export async function* chosenRows(
  setting: SourceSetting,
  build: { input: BuildDatasetInput; startedAt: string },
  selection: ReadonlyMap<string, Place>,
): AsyncGenerator<ChosenRow[]> {
  const left = new Map(selection);
  for (const reading of [build.input, withoutVerdicts(build.input)]) {
    if (reading === null || left.size === 0) break;
    for await (const page of editedRows(setting, reading, build.startedAt)) {
      yield page.flatMap((source) => {
        const at = left.get(source.row.rowId);
        left.delete(source.row.rowId);
        return at ? [{ ...source, at }] : [];
      });
    }
  }
  if (left.size > 0)
    throw new StillhouseError('dataset_invalid', `${left.size} of the chosen rows are no longer in the source: build it again.`);
}

/** The source without the filters whose answer changes with time; null: it has none. */
function withoutVerdicts(input: BuildDatasetInput): BuildDatasetInput | null {
  if (!('traces' in input.source)) return null;
  const { cluster, verdict, ...steady } = input.source.traces;
  return cluster === undefined && verdict === undefined ? null : { ...input, source: { traces: steady } };
}
