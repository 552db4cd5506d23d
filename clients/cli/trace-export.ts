import { type Command, Option } from 'commander';
import { EXPORT_FORMATS } from '../../contracts/traces.ts';
import type { ExportFormat, TraceExportFilter } from '../sdk/index.ts';
import type { CliContext } from './context.ts';
import { saveFile } from './save-file.ts';
import { withKeyId, withTraceFilters } from './traces.ts';

interface ExportOptions extends TraceExportFilter {
  output?: string;
}

/** `traces export`. */
export function addTraceExportCommand(traces: Command, context: CliContext): void {
  withTraceFilters(traces.command('export').description('all that match as a file, oldest first'))
    .addOption(new Option('--format <format>', 'of the file').choices(EXPORT_FORMATS).default('jsonl' satisfies ExportFormat))
    .option('-o, --output <file>', 'where to; default: standard output')
    .action(async ({ output, ...filter }: ExportOptions) => {
      const { client } = context.connection();
      await saveFile(context.out(), await client.traces.export(await withKeyId(client, filter)), output);
    });
}
