import { type Command, InvalidArgumentError, Option } from 'commander';
import { ORIGINS, TRACE_STATUSES } from '../../contracts/traces.ts';
import { USAGE_DIMENSIONS, type UsageDimension } from '../../contracts/usage.ts';
import type { Usage, UsageFilter, UsageRow } from '../sdk/index.ts';
import type { CliContext } from './context.ts';
import { count, milliseconds, usd } from './format.ts';
import type { Output } from './output.ts';
import { pastTime } from './traces.ts';

interface UsageOptions extends Omit<UsageFilter, 'by'> {
  by: UsageDimension[];
}

/** `usage`. */
export function addUsageCommand(program: Command, context: CliContext): void {
  program
    .command('usage')
    .description('calls, tokens, cost and latency of the last 30 days, or of another span')
    .option('--by <names>', `what to group by, with commas: ${USAGE_DIMENSIONS.join(', ')}`, dimensions, ['model'])
    .option('--since <time>', 'ISO time, or an age like 30m, 12h, 7d', pastTime)
    .option('--until <time>', 'ISO time, or an age', pastTime)
    .option('--alias <name>', 'asked for by this alias')
    .option('--model <model>', 'answered by this model')
    .option('--target <target>', 'answered by this target')
    .option('--provider <id>', 'answered by this provider')
    .option('--key <id>', 'called with this key')
    .option('--cluster <id>', 'of this cluster')
    .addOption(new Option('--status <status>', 'how the calls ended').choices(TRACE_STATUSES))
    .addOption(new Option('--origin <origin>', 'who called').choices(ORIGINS))
    .action(async (options: UsageOptions) => {
      const out = context.out();
      const { client } = context.connection();
      const usage = await client.usage(options);
      const clusters = !out.json && options.by.includes('cluster') ? await client.clusters.list() : [];
      const names = new Map(clusters.map(({ id, name }) => [id, name]));
      out.print(usage, () => showUsage(out, usage, options.by, names));
    });
}

/** `clusters`: names by id. */
function showUsage(
  out: Output,
  { items, since, until }: Usage,
  by: readonly UsageDimension[],
  clusters: ReadonlyMap<string, string>,
): void {
  if (items.length === 0) return out.line('No calls in that time.');
  const numbers = ['calls', 'errors', 'tokens in', 'tokens out', 'cost', 'unpriced', 'p50', 'p95'];
  const named = by.includes('cluster') ? ['name'] : [];
  const rows = items.map((row) => [
    ...by.map((dimension) => row[dimension] || '–'),
    ...named.map(() => clusters.get(row.cluster ?? '') ?? '–'),
    ...numbersOf(row),
  ]);
  out.table([...by, ...named, ...numbers], rows, { right: numbers });
  out.line(out.style('dim', `\n${since} to ${until}, by the minute`));
}

function numbersOf(row: UsageRow): string[] {
  const { calls, errors, tokensIn, tokensOut, unpriced } = row;
  return [
    ...[calls, errors, tokensIn, tokensOut].map(count),
    usd(row.costUsd),
    count(unpriced),
    milliseconds(row.p50Ms),
    milliseconds(row.p95Ms),
  ];
}

function dimensions(text: string): UsageDimension[] {
  const names = text.split(',').map((name) => name.trim());
  const odd = names.find((name) => !USAGE_DIMENSIONS.includes(name as UsageDimension));
  if (odd !== undefined) throw new InvalidArgumentError(`"${odd}" is none of ${USAGE_DIMENSIONS.join(', ')}.`);
  return names as UsageDimension[];
}
