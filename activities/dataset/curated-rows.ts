import type { BuildDatasetInput } from '../../contracts/datasets.ts';
import type { RowCuration } from '../../contracts/dataset-curation.ts';
import type { RowVerdict } from '../../contracts/dataset-judging.ts';
import type { RowWord } from '../../core/dataset/row-filters.ts';
import { rowContent } from '../../platform/content-hash.ts';
import { standingEdits } from '../../store/clickhouse/dataset-edits.ts';
import { judgeVerdictsOf } from '../../store/clickhouse/dataset-verdicts.ts';
import { type SourceRow, type SourceSetting, sourceRows } from './source-rows.ts';

/** A row of the source as people have edited it. */
export interface EditedRow extends SourceRow {
  /** What a person says is to become of it. */
  person: RowVerdict | null;
}

/** Every row of the source with what people have said of it up to the build's time, in the source's order. */
export async function* editedRows(setting: SourceSetting, input: BuildDatasetInput, startedAt: string): AsyncGenerator<EditedRow[]> {
  const until = input.curatedUntil ?? startedAt;
  const edits = await standingEdits(setting.clickhouse, input.project, input.name, { until });
  for await (const page of sourceRows(setting, input, startedAt)) yield page.map((row) => edited(row, edits.get(row.row.rowId)));
}

/** What a judge has said of rows, where that counts for the build. */
export async function wordsOf(
  setting: SourceSetting,
  input: BuildDatasetInput,
  startedAt: string,
  rows: readonly EditedRow[],
): Promise<RowWord[]> {
  if (!input.filters?.dropJudged) return rows.map(({ person }) => ({ person, judge: null }));
  const judged = rows.map(({ row }) => ({ rowId: row.rowId, contentHash: rowContent(row) }));
  const until = input.curatedUntil ?? startedAt;
  const verdicts = await judgeVerdictsOf(setting.clickhouse, input.project, input.name, judged, until);
  return rows.map(({ person, row }) => ({ person, judge: verdicts.get(row.rowId)?.verdict ?? null }));
}

/** What a person has answered is the reference and gold: no model gave it. */
function edited(source: SourceRow, edit: RowCuration | undefined): EditedRow {
  if (!edit) return { ...source, person: null };
  if (edit.answer === null) return { ...source, person: edit.verdict };
  const row = { ...source.row, reference: edit.answer, referenceTarget: '' };
  return { ...source, row, gold: edit.answer, finishReason: 'stop', person: edit.verdict };
}
