import { rm } from 'node:fs/promises';
import { Context } from '@temporalio/activity';
import { blankImport, NAMED_PROBLEMS, type TraceImport, type WaitingImport } from '../contracts/imports.ts';
import { StillhouseError } from '../contracts/errors.ts';
import { LineFault } from '../core/imports/imported-call.ts';
import { LogLines } from '../core/imports/read-line.ts';
import { redactionOf } from '../core/privacy/redaction.ts';
import { type Line, linesOfFile } from '../platform/line-reader.ts';
import { importFileKey, readImport, recordImport } from '../store/artifacts/imports.ts';
import type { ArtifactStore } from '../store/artifacts/artifact-store.ts';
import type { ClickHouseClient } from '../store/clickhouse/connection.ts';
import { withHeartbeat } from './heartbeat.ts';
import { ImportBlocks } from './imports/import-blocks.ts';
import { type ImportPlace, importRow } from './imports/import-row.ts';

/** A block may wait for a ClickHouse that is busy. */
const STALL_MS = 150_000;

/** What the `importTraces` workflow is made of. */
export type ImportActivities = ReturnType<typeof createImportActivities>;

export interface ImportSetting {
  clickhouse: ClickHouseClient;
  artifacts: ArtifactStore;
  /** Copies of files lie here. */
  temporaryFolder: string;
  now: () => number;
}

export function createImportActivities(setting: ImportSetting) {
  const { artifacts } = setting;
  return {
    /**
     * Reads an uploaded log and stores its calls. Safe to retry: what is stored is looked up before each block, and the file's
     * report, written once, says that it is done. No other import of the project runs meanwhile.
     */
    importFile: ({ project, waiting }: { project: string; waiting: WaitingImport }): Promise<void> =>
      withHeartbeat(STALL_MS, async ({ progress, signal }) => {
        if (await readImport(artifacts, project, waiting.name)) return;
        const ref = await artifacts.find(importFileKey(project, waiting.name));
        if (!ref) throw new StillhouseError('not_found', 'The uploaded file is gone: upload it again.');
        const path = await artifacts.getFile(ref, setting.temporaryFolder);
        const again = Context.current().info.attempt > 1;
        const moved = (lines: number) => {
          signal.throwIfAborted();
          progress({ lines });
        };
        const found = await importLines(linesOfFile(path), { setting, project, waiting, moved, again });
        const endedAt = new Date(setting.now()).toISOString();
        await recordImport(artifacts, project, { ...blankImport(waiting), ...found, status: 'completed', endedAt });
        await artifacts.delete(ref.key);
        await rm(path, { force: true });
      }),

    /** Records an import that can't be made. Safe to retry: a report is written once. */
    async failImport({ project, waiting, error }: { project: string; waiting: WaitingImport; error: string }): Promise<void> {
      if (await readImport(artifacts, project, waiting.name)) return;
      const endedAt = new Date(setting.now()).toISOString();
      await recordImport(artifacts, project, { ...blankImport(waiting), status: 'failed', endedAt, error });
    },
  };
}

interface Importing {
  setting: Pick<ImportSetting, 'clickhouse' | 'artifacts' | 'now'>;
  project: string;
  waiting: WaitingImport;
  /** Called now and then with the lines read so far; throws where it is to end. */
  moved: (lines: number) => void;
  /** Whether an earlier attempt may have stored some. */
  again: boolean;
}

/** Stores the calls of these lines; returns what became of them. */
export async function importLines(
  lines: AsyncIterable<Line>,
  { setting, project, waiting, moved, again }: Importing,
): Promise<Pick<TraceImport, 'lines' | 'imported' | 'known' | 'skipped' | 'refused' | 'problems'>> {
  const log = new LogLines(waiting.format, setting.now());
  const place: ImportPlace = { project, at: msOf(waiting.at), keptSince: msOf(waiting.keptSince) };
  const blocks = new ImportBlocks(setting.clickhouse, setting.artifacts, { project, again });
  const problems: TraceImport['problems'] = [];
  const redaction = waiting.privacy ? redactionOf(waiting.privacy) : null;
  let [read, skipped, refused] = [0, 0, 0];
  for await (const line of lines) {
    read = line.number;
    if (read % 1000 === 0) moved(read);
    if (line.text === '') continue;
    try {
      if (line.fault !== null) throw new LineFault(line.fault);
      const call = log.read(line.text);
      if (call === null) skipped++;
      else {
        const row = importRow(call, place);
        if (!blocks.add(redaction?.row(row) ?? row)) continue;
        await blocks.store();
        moved(read);
      }
    } catch (error) {
      if (!(error instanceof LineFault)) throw error;
      refused++;
      if (problems.length < NAMED_PROBLEMS) problems.push({ line: line.number, reason: error.message });
    }
  }
  await blocks.store();
  return { lines: read, imported: blocks.imported, known: blocks.known, skipped, refused, problems };
}

function msOf(iso: string | null): number | null {
  return iso === null ? null : Date.parse(iso);
}
