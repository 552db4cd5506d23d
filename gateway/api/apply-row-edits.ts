import type { RecordedEdit, RowCuration, RowEdit } from '../../contracts/dataset-curation.ts';
import type { Dataset } from '../../contracts/datasets.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { NOTHING_SAID, insertEdits, standingEdits } from '../../store/clickhouse/dataset-edits.ts';
import { answersOf } from '../../store/clickhouse/dataset-left-out.ts';
import type { ApiDeps } from './dependencies.ts';

/** Rows that one request may change. */
const MOST_ROWS = 5_000;

interface Editing {
  project: string;
  actor: string;
  dataset: Dataset;
}

/** Records what differs from what stands; all of it, or nothing where a row is unknown or a label is none. */
export async function applyEdits(deps: ApiDeps, { project, actor, dataset }: Editing, edits: readonly RowEdit[]): Promise<RecordedEdit[]> {
  const rowIds = [...new Set(edits.flatMap((one) => one.rowIds))];
  if (rowIds.length > MOST_ROWS)
    throw new StillhouseError('invalid_request', `edits: ${rowIds.length} rows are too many for one request; it takes ${MOST_ROWS}.`);
  refuseUnknownLabels(dataset, edits);
  const [known, standing] = await Promise.all([
    answersOf(deps.clickhouse, project, dataset, rowIds),
    standingEdits(deps.clickhouse, project, dataset.name),
  ]);
  const unknown = rowIds.filter((id) => !known.has(id) && !standing.has(id));
  if (unknown.length > 0)
    throw new StillhouseError(
      'not_found',
      `rowIds: version ${dataset.version} of "${dataset.name}" has no row ${unknown.slice(0, 5).join(', ')}.`,
      {
        param: 'rowIds',
      },
    );
  const at = new Date(deps.now()).toISOString();
  const recorded = edits
    .flatMap((one) => one.rowIds.flatMap((rowId) => changesOf(one, rowId, { known, standing })))
    .map((change) => ({ at, actor, ...change }));
  await insertEdits(deps.clickhouse, project, dataset.name, recorded);
  return recorded;
}

/** What the edit changes of a row; `standing` moves on, for a row may be named twice. */
function changesOf(
  { note, ...changes }: RowEdit,
  rowId: string,
  { known, standing }: { known: ReadonlyMap<string, string>; standing: Map<string, RowCuration> },
): Omit<RecordedEdit, 'at' | 'actor'>[] {
  const now = standing.get(rowId) ?? NOTHING_SAID;
  const found = (['verdict', 'answer', 'tags'] as const).flatMap((field) => {
    const after = changes[field];
    if (after === undefined || JSON.stringify(after) === JSON.stringify(now[field])) return [];
    standing.set(rowId, { ...(standing.get(rowId) ?? now), [field]: after });
    // Of an answer that nobody has edited yet, the source's own is what it was before.
    const before = field === 'answer' ? (now.answer ?? known.get(rowId) ?? null) : now[field];
    return [{ rowId, field, before, after, note }];
  });
  return found;
}

function refuseUnknownLabels({ task }: Dataset, edits: readonly RowEdit[]): void {
  if (task.kind === 'label' && task.labels) {
    const odd = edits.find(({ answer }) => answer != null && !task.labels!.includes(answer));
    if (odd) throw new StillhouseError('invalid_request', `answer: "${odd.answer}" is none of the dataset's labels.`, { param: 'answer' });
  }
  if (task.kind !== 'json') return;
  for (const { answer } of edits) {
    if (answer == null) continue;
    try {
      JSON.parse(answer);
    } catch {
      throw new StillhouseError('invalid_request', 'answer: is not JSON, and the dataset holds answers in JSON.', { param: 'answer' });
    }
  }
}
