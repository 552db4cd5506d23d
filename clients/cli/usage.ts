import { type Command, InvalidArgumentError, Option } from 'commander';
import { ORIGINS, TRACE_STATUSES } from '../../contracts/traces.ts';
import { metadataKeyOf, USAGE_DIMENSIONS, type UsageDimension, UsageGroup } from '../../contracts/usage.ts';
import type { Stillhouse, Usage, UsageFilter, UsageRow } from '../sdk/index.ts';
import type { CliContext } from './context.ts';
import { count, milliseconds, usd } from './format.ts';
import type { Output } from './output.ts';
import { metadataPair, pastTime, withKeyId } from './traces.ts';

const WHAT = [...USAGE_DIMENSIONS, 'metadata.<key>'].join(', ');

interface UsageOptions extends Omit<UsageFilter, 'by'> {
  by: UsageGroup[];
}

/** `usage`. */
export function addUsageCommand(program: Command, context: CliContext): void {
  program
    .command('usage')
    .description('calls, tokens, cost and latency of the last 30 days, or of another span')
    .option('--by <names>', `what to group by, with commas: ${WHAT}`, dimensions, ['model'])
    .option('--since <time>', 'ISO time, or an age like 30m, 12h, 7d', pastTime)
    .option('--until <time>', 'ISO time, or an age', pastTime)
    .option('--alias <name>', 'asked for by this alias')
    .option('--model <model>', 'answered by this model')
    .option('--target <target>', 'answered by this target')
    .option('--provider <id>', 'answered by this provider')
    .option('--key <id>', 'called with this key: its id, or its name')
    .option('--user <id>', 'of this user')
    .option('--metadata <key=value>', 'metadata pair; may be repeated', metadataPair)
    .option('--cluster <id>', 'of this cluster')
    .addOption(new Option('--status <status>', 'how the calls ended').choices(TRACE_STATUSES))
    .addOption(new Option('--origin <origin>', 'who called').choices(ORIGINS))
    .action(async (options: UsageOptions) => {
      const out = context.out();
      const { client } = context.connection();
      const filter = await withKeyId(client, options);
      const usage = await client.usage(filter);
      if (out.json) return out.print(usage, () => undefined);
      const [all] = usage.items.length > 1 ? (await client.usage({ ...filter, since: usage.since, until: usage.until, by: [] })).items : [];
      showUsage(out, usage, options.by, { ...(await namesFor(client, options.by)), all });
    });
}

interface Named {
  clusters: ReadonlyMap<string, string>;
  keys: ReadonlyMap<string, string>;
  /** All groups together, where there are several. */
  all?: UsageRow | undefined;
}

/** Names by id, of what is grouped by. */
async function namesFor(client: Stillhouse, by: readonly UsageGroup[]): Promise<Named> {
  const clusters = by.includes('cluster') ? await client.clusters.list() : [];
  const keys = by.includes('key') ? await client.keys.list({ revoked: true }) : [];
  const byId = (named: readonly { id: string; name: string }[]) => new Map(named.map(({ id, name }) => [id, name]));
  return { clusters: byId(clusters), keys: byId(keys) };
}

function showUsage(out: Output, { items, since, until }: Usage, by: readonly UsageGroup[], { clusters, keys, all }: Named): void {
  if (items.length === 0) return out.line('No calls in that time.');
  const numbers = ['calls', 'errors', 'tokens in', 'tokens out', 'cost', 'unpriced', 'p50', 'p95'];
  const groups = by.flatMap((group) => (group === 'key' || group === 'cluster' ? [group, `${group}'s name`] : [group]));
  const rows = items.map((row) => [
    ...by.flatMap((group) => {
      const value = valueOf(row, group);
      if (group === 'key') return [value, keys.get(value) ?? '–'];
      return group === 'cluster' ? [value, clusters.get(value) ?? '–'] : [value];
    }),
    ...numbersOf(row),
  ]);
  if (all) rows.push([...groups.map((_, i) => (i === 0 ? 'all' : '')), ...numbersOf(all)]);
  out.table([...groups, ...numbers], rows, { right: numbers });
  out.line(out.style('dim', `\n${since} to ${until}, by the minute`));
}

function valueOf(row: UsageRow, group: UsageGroup): string {
  const key = metadataKeyOf(group);
  return (key === null ? row[group as UsageDimension] : row.metadata?.[key]) || '–';
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

function dimensions(text: string): UsageGroup[] {
  const names = text.split(',').map((name) => name.trim());
  const odd = names.find((name) => !UsageGroup.safeParse(name).success);
  if (odd !== undefined) throw new InvalidArgumentError(`"${odd}" is none of ${WHAT}.`);
  return names as UsageGroup[];
}
