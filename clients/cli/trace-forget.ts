import type { Command } from 'commander';
import { type Forgetting, type ForgetRequest, waitFor } from '../sdk/index.ts';
import { CliError } from './cli-error.ts';
import type { CliContext } from './context.ts';
import { count } from './format.ts';
import { metadataPair } from './traces.ts';

interface ForgetOptions {
  id?: string[];
  user?: string;
  session?: string;
  metadata?: Record<string, string>;
  yes?: boolean;
  wait: boolean;
}

/** Mutations of a large store take their time. */
const PATIENCE_MS = 12 * 60 * 60_000;

/** `traces forget`. */
export function addTraceForgetCommand(traces: Command, context: CliContext): void {
  traces
    .command('forget')
    .description('removes calls wherever they are, with what was made of them')
    .option('--id <id>', 'this call; may be repeated', (id: string, before?: string[]) => [...(before ?? []), id])
    .option('--user <id>', 'all of this user up to now')
    .option('--session <id>', 'all of this session up to now')
    .option('--metadata <key=value>', 'all that carry this pair up to now; may be repeated: then all of them', metadataPair)
    .option('--yes', 'do it; without it only their number is said')
    .option('--no-wait', 'return when it has begun')
    .action(async ({ id, user, session, metadata, yes, wait }: ForgetOptions) => {
      if (!id && user === undefined && session === undefined && metadata === undefined)
        throw new CliError('Which calls? Name them by --id, --user, --session or --metadata.', { exitCode: 2 });
      const request: ForgetRequest = {
        ...(id ? { ids: id } : {}),
        ...(user === undefined ? {} : { user }),
        ...(session === undefined ? {} : { session }),
        ...(metadata === undefined ? {} : { metadata }),
      };
      const out = context.out();
      const { client } = context.connection();
      if (!yes) {
        const preview = await client.traces.forgetPreview(request);
        out.print(preview, () => {
          out.line(`${count(preview.traces)} calls are stored that this names. --yes removes them and what was made of them, for good.`);
          for (const warning of preview.warnings) out.line(warning);
        });
        return;
      }
      const begun = await client.traces.forget(request);
      const ended = wait ? await end(context, begun) : begun;
      out.print(ended, () => {
        if (ended.status === 'running') return out.line(`It has begun, as ${ended.name}.`);
        if (ended.error !== null) return out.line(`${out.style('red', 'failed')}  ${ended.error}`);
        const { traces = 0, pipelineTraces = 0, feedback = 0, datasetRows = 0 } = ended.counts ?? {};
        out.line(
          `Forgotten: ${count(traces)} calls, ${count(pipelineTraces)} of the pipeline that held their texts, ${count(feedback)} pieces of feedback, ` +
            `${count(datasetRows)} rows of datasets, ${count(ended.artifacts ?? 0)} files.`,
        );
      });
      if (ended.status === 'failed') context.setExitCode(1);
    });
}

function end(context: CliContext, { name }: Forgetting): Promise<Forgetting> {
  const { client } = context.connection();
  return waitFor(
    `the forgetting ${name}`,
    () => client.traces.forgettingState(name),
    ({ status }) => status !== 'running',
    { timeoutMs: PATIENCE_MS },
  );
}
