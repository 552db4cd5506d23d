import { statSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { IMPORT_FORMATS, type ImportFormat } from '../../contracts/imports.ts';
import { type TraceImport, waitFor } from '../sdk/index.ts';
import type { CliContext } from './context.ts';
import { bytes, count } from './format.ts';
import type { Output } from './output.ts';
import { fileAt } from './read-file.ts';
import { pastTime } from './traces.ts';

interface ImportOptions {
  format: ImportFormat;
  at?: string;
  again?: boolean;
  wait: boolean;
}

const SHOWN_PROBLEMS = 20;
/** 5 GB take about an hour. */
const PATIENCE_MS = 24 * 60 * 60_000;

/** `traces import` and `traces imported`. */
export function addTraceImportCommands(traces: Command, context: CliContext): void {
  traces
    .command('import')
    .description('calls that a log of elsewhere tells of (JSONL), each once')
    .argument('<file>', 'the log')
    .addOption(new Option('--format <format>', 'of the log').choices(IMPORT_FORMATS).default('auto' satisfies ImportFormat))
    .option('--at <time>', 'when calls were made of which it does not say it: ISO time, or an age; default: the time of the file', pastTime)
    .option('--again', 'read a file anew that was imported before')
    .option('--no-wait', 'return when it is uploaded')
    .action(async (file: string, { format, at, again, wait }: ImportOptions) => {
      const out = context.out();
      const { client } = context.connection();
      let ended: TraceImport;
      const log = fileAt(file, 'the log', (sent) => out.progress(`uploading: ${bytes(sent)} of ${bytes(size)}`));
      const { mtime, size } = statSync(file);
      const madeAt = at ?? mtime.toISOString();
      try {
        const begun = await client.traces.import(log, { format, at: madeAt, ...(again ? { again: 'true' as const } : {}) });
        ended = wait ? await waitForImport(context, begun, ({ lines }) => out.progress(`importing: ${count(lines)} lines read`)) : begun;
      } finally {
        out.progress('');
      }
      show(context, out, ended);
    });
  traces
    .command('imported')
    .description('how an import stands')
    .argument('<name>', 'as "traces import" said it')
    .action(async (name: string) => show(context, context.out(), await context.connection().client.traces.importState(name)));
}

function waitForImport(context: CliContext, begun: TraceImport, seen: (found: TraceImport) => void): Promise<TraceImport> {
  const { client } = context.connection();
  return waitFor(
    `the import ${begun.name}`,
    () => client.traces.importState(begun.name),
    (found) => {
      seen(found);
      return found.status === 'completed' || found.status === 'failed';
    },
    { timeoutMs: PATIENCE_MS },
  );
}

function show(context: CliContext, out: Output, found: TraceImport): void {
  out.print(found, () => {
    out.facts([
      ['import', found.name],
      ['status', found.status + (found.error === null ? '' : `  ${found.error}`)],
      ['lines', count(found.lines)],
      ['imported', count(found.imported)],
      ['there already', count(found.known)],
      ['no calls', count(found.skipped)],
      ['refused', count(found.refused)],
    ]);
    for (const { line, reason } of found.problems.slice(0, SHOWN_PROBLEMS)) out.line(`  line ${line}: ${reason}`);
    if (found.refused > SHOWN_PROBLEMS) out.line(`  and ${count(found.refused - SHOWN_PROBLEMS)} more; --json has a thousand of them`);
  });
  if (found.status === 'failed' || (found.status === 'completed' && found.refused > 0 && found.imported + found.known === 0))
    context.setExitCode(1);
}
