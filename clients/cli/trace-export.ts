import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { type Command, Option } from 'commander';
import { EXPORT_FORMATS } from '../../contracts/traces.ts';
import type { ExportFormat, TraceExportFilter } from '../sdk/index.ts';
import type { CliContext } from './context.ts';
import { bytes } from './format.ts';
import { withTraceFilters } from './traces.ts';

interface ExportOptions extends TraceExportFilter {
  output?: string;
}

/** `traces export`. */
export function addTraceExportCommand(traces: Command, context: CliContext): void {
  withTraceFilters(traces.command('export').description('all that match as a file, oldest first'))
    .addOption(new Option('--format <format>', 'of the file').choices(EXPORT_FORMATS).default('jsonl' satisfies ExportFormat))
    .option('-o, --output <file>', 'where to; default: standard output')
    .action(async ({ output, ...filter }: ExportOptions) => {
      const out = context.out();
      const stream = Readable.fromWeb((await context.connection().client.traces.export(filter)) as ReadableStream<Uint8Array>);
      if (output === undefined) {
        for await (const chunk of stream) out.screen.write(chunk as Buffer);
        return;
      }
      // Under its name stands a whole file or none.
      const temporary = `${output}.part`;
      let written = 0;
      stream.on('data', (chunk: Buffer) => (written += chunk.length));
      try {
        await pipeline(stream, createWriteStream(temporary, { mode: 0o600 }));
        await rename(temporary, output);
      } finally {
        await rm(temporary, { force: true });
      }
      out.print({ file: output, bytes: written }, () => out.line(`${output}: ${bytes(written)}`));
    });
}
