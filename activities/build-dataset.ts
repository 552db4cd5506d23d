import { buildingDataset } from '../core/dataset/building-dataset.ts';
import type { ArtifactRef } from '../contracts/identifiers.ts';
import type { BuildDatasetInput, Dataset, DatasetRow } from '../contracts/datasets.ts';
import { isStillhouseError } from '../contracts/errors.ts';
import { languageDetector } from '../core/dataset/language.ts';
import { mixedBagWarning } from '../core/dataset/mixed-bag.ts';
import { RowFilter } from '../core/dataset/row-filters.ts';
import { refuseOtherSplits } from '../core/dataset/split.ts';
import { canonicalJson, contentHash, datasetSourceHash } from '../platform/content-hash.ts';
import type { ArtifactStore } from '../store/artifacts/artifact-store.ts';
import { clustersOfSource } from '../store/clickhouse/dataset-clusters.ts';
import { insertLeftOut } from '../store/clickhouse/dataset-left-out.ts';
import {
  type GoldAnswer,
  insertDatasetRows,
  insertGold,
  readDataset,
  readNewestReady,
  recordDataset,
} from '../store/clickhouse/datasets.ts';
import { type ChosenRow, chosenRows } from './dataset/chosen-rows.ts';
import { editedRows, wordsOf } from './dataset/curated-rows.ts';
import { withRealImages } from './dataset/real-images.ts';
import { Selection, type SelectionSummary, goldOfRow, parseSelection } from './dataset/selection.ts';
import type { SourceSetting } from './dataset/source-rows.ts';
import { withHeartbeat } from './heartbeat.ts';

/** A query of one page may take a minute; nothing longer is alive. */
const STALL_MS = 150_000;

/** What a build passes from step to step. */
export interface DatasetBuild {
  input: BuildDatasetInput;
  version: number;
  /** When the build started: `until` of its source, and what tells it from an earlier one. */
  startedAt: string;
}

export interface SelectedRows {
  selection: ArtifactRef;
  summary: SelectionSummary;
}

/** What the `buildDataset` workflow is made of. */
export type BuildDatasetActivities = ReturnType<typeof createBuildDatasetActivities>;

export function createBuildDatasetActivities(setting: SourceSetting & { now: () => number }) {
  const { clickhouse, artifacts } = setting;
  const record = (build: DatasetBuild, change: Partial<Dataset>) =>
    recordDataset(clickhouse, { ...blank(build), ...change, updatedAt: new Date(setting.now()).toISOString() });
  return {
    /**
     * Gives the build its version and records it as building. Safe to retry because a version is claimed by an exclusive
     * put of the source and the start: the same build claims the same one again, another build the next. Refuses splits that
     * would move rows.
     */
    async beginDataset({ input, startedAt }: Omit<DatasetBuild, 'version'>): Promise<{ version: number }> {
      refuseOtherSplits(await readNewestReady(clickhouse, input.project, input.name), input.splits);
      const newest = await readDataset(clickhouse, input.project, input.name);
      const claim = Buffer.from(canonicalJson({ sourceHash: datasetSourceHash(input), startedAt }));
      const isMine = newest?.createdAt === startedAt && newest.sourceHash === datasetSourceHash(input);
      let version = isMine ? newest.version : (newest?.version ?? 0) + 1;
      while (!(await claims(artifacts, `datasets/${input.project}/${input.name}/${version}.claim.json`, claim))) version++;
      await record({ input, version, startedAt }, {});
      return { version };
    },

    /**
     * Reads the source once, decides which rows it gives and where each lies, and keeps that decision as an artifact.
     * Safe to retry because the artifact of the first attempt stays what it is: traces that arrive later change nothing.
     */
    selectRows: (build: DatasetBuild): Promise<SelectedRows> =>
      withHeartbeat(STALL_MS, async ({ progress, signal }) => {
        const { input, version } = build;
        const key = `datasets/${input.project}/${input.name}/${version}-${contentHash(build.startedAt).slice(0, 12)}`;
        const kept = await artifacts.find(`${key}.summary.json`);
        if (!kept) {
          const selection = new Selection(input, await filterOf(input));
          let read = 0;
          for await (const page of editedRows(setting, input, build.startedAt)) {
            signal.throwIfAborted();
            const words = await wordsOf(setting, input, build.startedAt, page);
            page.forEach((row, i) => selection.add(row, words[i]!));
            progress({ read: (read += page.length) });
          }
          const { lines, summary } = selection.end();
          const warning = await mixedBag(setting, build);
          if (warning !== null) summary.warnings.unshift(warning);
          const ref = await artifacts.put(`${key}.${contentHash(lines).slice(0, 12)}.rows.jsonl`, Buffer.from(lines));
          // Of two attempts at once the first one's choice stays.
          await claims(artifacts, `${key}.summary.json`, Buffer.from(canonicalJson({ selection: ref, summary })));
        }
        const first = await artifacts.find(`${key}.summary.json`);
        return JSON.parse((await artifacts.get(first!)).toString()) as SelectedRows;
      }),

    /**
     * Reads the source again and stores the chosen rows, gold answers apart. Safe to retry because every page is inserted
     * under a token of its content, and reading takes a row id once.
     */
    writeRows: ({ build, selected }: { build: DatasetBuild; selected: SelectedRows }): Promise<void> =>
      withHeartbeat(STALL_MS, async ({ progress, signal }) => {
        const { input, version } = build;
        const places = parseSelection((await artifacts.get(selected.selection)).toString());
        const labels = input.task.kind === 'label' && input.task.labels ? new Set(input.task.labels) : null;
        let written = 0;
        for await (const page of chosenRows(setting, build, places)) {
          signal.throwIfAborted();
          const chosen = page.filter(({ at }) => at.reason === undefined);
          const rows: DatasetRow[] = chosen.map(({ row, at }) => ({ ...row, split: at.split, position: at.position }));
          const gold: GoldAnswer[] = chosen.flatMap(({ row, gold: given }) => {
            const kept = goldOfRow(labels, given);
            return kept === null ? [] : [{ rowId: row.rowId, gold: kept }];
          });
          const dataset = { name: input.name, version };
          await insertLeftOut(clickhouse, input.project, dataset, page.flatMap(leftOut));
          const token = (what: string, content: unknown) => `${what}-${contentHash([input.project, dataset, content])}`;
          for await (const some of withRealImages(artifacts, input.project, rows))
            await insertDatasetRows(clickhouse, input.project, dataset, some, token('rows', some));
          await insertGold(clickhouse, input.project, dataset, gold, token('gold', gold));
          progress({ written: (written += page.length) });
        }
      }),

    /** Records how the build ended. Safe to retry because the newest record counts and says the same. */
    async endDataset({
      build,
      selected,
      error,
    }: {
      build: DatasetBuild;
      selected: SelectedRows | null;
      error: string | null;
    }): Promise<void> {
      await record(build, { ...selected?.summary, status: error === null ? 'ready' : 'failed', error });
    },
  };
}

/** What is left out; the languages' tables are loaded where they are needed. */
async function filterOf({ filters = {} }: BuildDatasetInput): Promise<RowFilter> {
  return new RowFilter(filters, filters.languages ? await languageDetector() : () => null);
}

function leftOut({ row, place, at }: ChosenRow) {
  const { rowId, split, messages, reference, traceId } = row;
  return at.reason === undefined ? [] : [{ rowId, split, place, messages, reference, traceId, reason: at.reason }];
}

/** A dataset from one cluster is no mixed bag. */
async function mixedBag({ clickhouse }: SourceSetting, { input, startedAt }: DatasetBuild): Promise<string | null> {
  if (!('traces' in input.source) || input.source.traces.cluster !== undefined) return null;
  const { traces } = input.source;
  return mixedBagWarning(await clustersOfSource(clickhouse, input.project, traces, traces.until ?? startedAt));
}

function blank({ input, version, startedAt }: DatasetBuild): Dataset {
  return buildingDataset(input, version, datasetSourceHash(input), startedAt);
}

/** Whether the key is ours: nobody has written anything else there. */
async function claims(artifacts: ArtifactStore, key: string, content: Buffer): Promise<boolean> {
  try {
    await artifacts.put(key, content);
    return true;
  } catch (error) {
    if (isStillhouseError(error, 'conflict')) return false;
    throw error;
  }
}
