import { availableParallelism } from 'node:os';
import { lastUserText } from '../contracts/chat.ts';
import type { InspectDatasetInput, InspectionCard } from '../contracts/dataset-inspection.ts';
import { type Dataset, type DatasetRow, SPLITS } from '../contracts/datasets.ts';
import { StillhouseError } from '../contracts/errors.ts';
import { type InspectedRows, SUSPECT_FROM, type inspectRows } from '../core/dataset/inspect-rows.ts';
import { createEmbedderPool } from '../serving/embedder-pool.ts';
import { inspectionKey } from '../store/artifacts/inspections.ts';
import type { ClickHouseClient } from '../store/clickhouse/connection.ts';
import { insertSuspicions } from '../store/clickhouse/dataset-suspicions.ts';
import { readDataset, readDatasetRows } from '../store/clickhouse/datasets.ts';
import { onceInRun } from './clusters/work-files.ts';
import { embedTexts } from './encoder/embed-texts.ts';
import type { EncoderDeps } from './encoder/encoder-deps.ts';
import { onThread } from './encoder/on-thread.ts';
import { type Pulse, withHeartbeat } from './heartbeat.ts';

/** The thread reports nothing between its start and its end. */
const STALL_MS = 20 * 60_000;
/** All pairs are compared: more rows than this would take hours. */
const MOST_ROWS = 100_000;
const PAGE_ROWS = 1_000;

export type InspectActivities = ReturnType<typeof createInspectActivities>;

export function createInspectActivities(deps: EncoderDeps & { clickhouse: ClickHouseClient }) {
  return {
    /**
     * Looks for rows whose answer is not that of their neighbours, and for test rows that are nearly training rows. Safe to retry
     * because what the first attempt found is published and stands, and its inserts are named by their content.
     */
    inspectRows: (input: InspectDatasetInput): Promise<InspectionCard> => withHeartbeat(STALL_MS, (pulse) => inspect(deps, input, pulse)),
  };
}

type Found = { card: InspectionCard; suspicion: number[] };

async function inspect(
  deps: EncoderDeps & { clickhouse: ClickHouseClient },
  input: InspectDatasetInput,
  pulse: Pulse,
): Promise<InspectionCard> {
  const { clickhouse, artifacts } = deps;
  const { project, dataset: name, version } = input;
  const dataset = await readDataset(clickhouse, project, name, version);
  if (dataset?.status !== 'ready') throw new StillhouseError('not_found', `dataset: version ${version} of "${name}" is not ready.`);
  const rows = await allRows(clickhouse, dataset, pulse);
  const key = inspectionKey(input).replace('card.json', 'found.json');
  const { value } = await onceInRun<Found>(artifacts, key, () => find(deps, dataset, rows, pulse));
  const stored = rows.map(({ rowId, split, position }, i) => ({ rowId, split, position, suspicion: value.suspicion[i]! }));
  await insertSuspicions(clickhouse, project, dataset, stored);
  // Last of all: who finds the card finds the rows, too.
  await onceInRun(artifacts, inspectionKey(input), () => Promise.resolve(value.card));
  return value.card;
}

/** Rows of all splits in their order. */
async function allRows(clickhouse: ClickHouseClient, dataset: Dataset, pulse: Pulse): Promise<DatasetRow[]> {
  const count = SPLITS.reduce((sum, split) => sum + dataset.rows[split], 0);
  if (count > MOST_ROWS)
    throw new StillhouseError('invalid_request', `dataset: ${count} rows are too many to compare all of them; up to ${MOST_ROWS} can be.`);
  const rows: DatasetRow[] = [];
  for (const split of SPLITS)
    for (let from = 0; from < dataset.rows[split]; from += PAGE_ROWS) {
      pulse.signal.throwIfAborted();
      rows.push(...(await readDatasetRows(clickhouse, dataset.project, dataset, { split, from, to: from + PAGE_ROWS })));
      pulse.progress({ step: 'read', rows: rows.length });
    }
  return rows;
}

async function find(deps: EncoderDeps, dataset: Dataset, rows: readonly DatasetRow[], pulse: Pulse): Promise<Found> {
  const threads = deps.threads ?? availableParallelism();
  const { embedderFolder, log, artifacts } = deps;
  const pool = await createEmbedderPool({ embedderFolder, threads, log });
  try {
    const texts = rows.map(({ messages }) => lastUserText(messages));
    const replies = rows.map(({ reference }) => reference.trim());
    const isLabel = dataset.task.kind === 'label';
    const embedded = await embedTexts(artifacts, pool, isLabel ? texts : [...texts, ...replies], pulse);
    const request: InspectedRows = {
      ids: rows.map(({ rowId }) => rowId),
      splits: rows.map(({ split }) => split),
      groups: rows.map(({ group }) => group),
      texts,
      vectors: await embedded.rowsOf(texts),
      answers: isLabel ? numbered(replies) : await embedded.rowsOf(replies),
    };
    const program = new URL('./dataset/inspect-thread.ts', import.meta.url);
    const thread = { program, threads, name: 'the inspection', log };
    const { suspicion, leakage } = await onThread<Awaited<ReturnType<typeof inspectRows>>>(thread, request, pulse);
    await embedded.forget();
    const { name, sha256, dimensions } = pool.info;
    const suspects = suspicion.filter((one) => one >= SUSPECT_FROM).length;
    const about = { dataset: dataset.name, version: dataset.version, embedder: { name, sha256, dimensions } };
    return { card: { ...about, rows: rows.length, suspects, leakage }, suspicion: [...suspicion] };
  } finally {
    await pool.close();
  }
}

/** Equal answers have equal numbers. */
function numbered(answers: readonly string[]): Int32Array {
  const numbers = new Map<string, number>();
  return Int32Array.from(answers, (answer) => {
    const number = numbers.get(answer) ?? numbers.size;
    numbers.set(answer, number);
    return number;
  });
}
