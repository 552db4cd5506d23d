import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { Cluster, ClusterCheck, ClusterDetail, ClusterRequest, ClusterRun } from '../sdk/index.ts';
import type { CliContext } from './context.ts';
import { number } from './distil-options.ts';
import { ago, clip, count, milliseconds, percent, usd } from './format.ts';
import type { Output } from './output.ts';
import { metadataPair, pastTime, wholeNumber } from './traces.ts';

interface RunOptions {
  name?: string;
  assign?: boolean;
  every?: number;
  alias?: string;
  model?: string;
  metadata?: Record<string, string>;
  since?: string;
  until?: string;
  clusters?: number;
  granularity?: number;
  maxSample?: number;
  naming?: string;
  checks?: number;
  maxUsd?: number;
  wait: boolean;
}

/** `clusters run`, `list`, `show`, `rename`, `runs` and `checks`. */
export function addClusterCommands(program: Command, context: CliContext): void {
  const clusters = program.command('clusters').description('traffic sorted into named intents');
  clusters
    .command('run')
    .description('find clusters, or put new traces into those that are there')
    .argument('[name]', 'name of the run; default: from the request')
    .option('--assign', 'put traces that came since into the clusters that are there')
    .option('--every <minutes>', 'have it done again and again; 0 ends it', minutes)
    .option('--alias <name>', 'traces of this alias')
    .option('--model <model>', 'traces of this model')
    .option('--metadata <key=value>', 'traces with this pair; may be repeated', metadataPair)
    .option('--since <time>', 'ISO time, or an age like 7d', pastTime)
    .option('--until <time>', 'ISO time, or an age', pastTime)
    .option('--clusters <number>', 'how many; default: found', wholeNumber)
    .option('--granularity <number>', 'from 0 (few, wide) to 1 (many, narrow); default 0.5', share)
    .option('--max-sample <number>', 'texts that are clustered; the rest is assigned', wholeNumber)
    .option('--naming <target>', 'model that names the clusters; default: keywords')
    .option('--checks <number>', 'borders between clusters that this model looks at, at most; 0: none; default 40', wholeOrNone)
    .option('--max-usd <dollars>', 'the most that names and looks at borders may cost; default 1', number)
    .option('--no-wait', 'return when the run has begun')
    .action((name: string | undefined, options: RunOptions) => run(context, name, options));
  clusters
    .command('list', { isDefault: true })
    .description('those first that would save most')
    .option('--alias <name>', 'found in traces of this alias')
    .option('--since <time>', 'figures from then on: ISO time, or an age', pastTime)
    .action(async (options: { alias?: string; since?: string }) => {
      const out = context.out();
      const items = await context.connection().client.clusters.list(options);
      out.print({ items }, () => showClusters(out, items));
    });
  clusters
    .command('show')
    .description('one cluster with its figures and members')
    .argument('<id>')
    .action(async (id: string) => {
      const out = context.out();
      const cluster = await context.connection().client.clusters.get(id);
      out.print(cluster, () => showCluster(out, cluster));
    });
  clusters
    .command('rename')
    .description('what you say wins over a model, and is kept')
    .argument('<id>')
    .argument('<name>')
    .action(async (id: string, name: string) => {
      const out = context.out();
      const cluster = await context.connection().client.clusters.change(id, { name });
      out.print(cluster, () => out.line(`${cluster.id} is called "${cluster.name}".`));
    });
  clusters
    .command('runs')
    .description('the latest begun first')
    .action(async () => {
      const out = context.out();
      const items = await context.connection().client.clusters.runs();
      out.print({ items }, () => showRuns(out, items, context.now()));
    });
  clusters
    .command('checks')
    .description('borders that a model has looked at, what it made one or two, and why')
    .argument('<run>')
    .action(async (name: string) => {
      const out = context.out();
      const items = await context.connection().client.clusters.checks(name);
      out.print({ items }, () => showChecks(out, items));
    });
}

async function run(context: CliContext, name: string | undefined, options: RunOptions): Promise<void> {
  const out = context.out();
  const { client } = context.connection();
  const { assign, every, wait, alias, model, metadata, since, until, ...chosen } = options;
  const source = { alias, model, metadata, since, until } as ClusterRequest['source'];
  const request = { ...chosen, source, mode: assign ? 'assign' : 'cluster' } as const;
  if (every !== undefined) {
    const schedule = await client.clusters.schedule(every, request);
    out.print({ schedule }, () =>
      out.line(schedule ? `Every ${schedule.everyMinutes} min, next at ${schedule.nextAt}.` : 'The schedule has ended.'),
    );
    return;
  }
  let state: ClusterRun = await client.clusters.run(name === undefined ? request : { ...request, name });
  if (wait && state.status === 'running') {
    if (!out.json) out.line(`Run "${state.name}" …`);
    state = await client.clusters.waitUntilEnded(state.name, { timeoutMs: 24 * 3_600_000 });
  }
  const found = state.status === 'completed' && !assign ? await client.clusters.list({ alias }) : [];
  out.print(state, () => {
    showRun(out, state);
    if (found.length > 0) showClusters(out, found);
  });
  if (state.status === 'failed') context.setExitCode(1);
}

function showRun(out: Output, state: ClusterRun): void {
  const { counts } = state;
  const colour = { running: 'yellow', completed: 'green', failed: 'red', cancelled: 'yellow' } as const;
  const counted = (value: number | null) => (value === null ? '' : count(value));
  out.facts([
    ['run', out.style('bold', state.name)],
    ['status', out.style(colour[state.status], state.status) + (state.error ? `  ${state.error}` : '')],
    ['traces', counted(counts.traces)],
    ['texts', counted(counts.texts)],
    ['clusters', counted(counts.clusters)],
    ['borders', bordersOf(state)],
    ['kept', counted(counts.kept)],
    ['assigned', counted(counts.assigned)],
    ['outliers', counted(counts.outliers)],
    ['no text', counts.withoutText ? `${count(counts.withoutText)} of these traces: they are in no cluster` : ''],
    ['model cost', state.spentUsd > 0 ? usd(state.spentUsd) : ''],
  ]);
  for (const warning of state.warnings) out.line(out.style('yellow', `! ${warning}`));
  out.line();
}

function bordersOf({ status, input, counts }: ClusterRun): string {
  if (status !== 'completed' || input.mode === 'assign') return '';
  if (input.naming === null) return 'no model was asked: --naming <target> has one look at them';
  if (counts.checked === null) return 'not looked at';
  const unchecked = counts.unchecked ? `, ${count(counts.unchecked)} not checked` : '';
  return `${count(counts.checked)} checked: ${count(counts.merged ?? 0)} merged, ${count(counts.split ?? 0)} split${unchecked}`;
}

function showChecks(out: Output, items: readonly ClusterCheck[]): void {
  if (items.length === 0) return out.line('No border was looked at in this run: --naming <target> has a model do so.');
  const rows = items.map(({ outcome, kind, verdict, sides, costUsd, reason }) => [
    outcome,
    kind === 'split' ? 'two?' : 'one?',
    verdict ?? '–',
    [...new Set(sides.map(({ name }) => name))].join(' | '),
    sides.map(({ texts }) => count(texts)).join(' + '),
    usd(costUsd),
    reason,
  ]);
  out.table(['outcome', 'asked', 'said', 'clusters', 'texts', 'cost', 'why'], rows, {
    right: ['texts', 'cost'],
    elastic: ['clusters', 'why'],
  });
}

function showClusters(out: Output, items: readonly Cluster[]): void {
  if (items.length === 0) return out.line('No clusters yet. "stillhouse clusters run" finds them in the recorded traces.');
  const rows = items.map((cluster) => [
    cluster.id,
    cluster.name,
    count(cluster.size),
    percent(cluster.share),
    cluster.costShare === null ? '–' : percent(cluster.costShare),
    percent(cluster.errorShare),
    cluster.coherence.toFixed(2),
    (cluster.task.looksLikeOneTask && cluster.task.kind) || '–',
    cluster.task.student ?? '–',
    usd(cluster.savingUsdPerMonth),
  ]);
  const head = ['id', 'name', 'traces', 'share', 'of cost', 'errors', 'coherence', 'task', 'student', 'saves a month'];
  out.table(head, rows, { right: ['traces', 'share', 'of cost', 'errors', 'coherence', 'saves a month'], elastic: ['name'] });
  const keywords = items.filter(({ namedBy }) => namedBy === 'keywords').length;
  if (keywords > 0)
    out.line(out.style('dim', `\n${keywords} of ${items.length} names are keywords: --naming <target> has a model name them.`));
}

function showCluster(out: Output, cluster: ClusterDetail): void {
  const by = { person: 'by a person', model: 'by a model', keywords: 'keywords, no model was asked' }[cluster.namedBy];
  out.facts([
    ['cluster', `${out.style('bold', cluster.name)}  (${by})`],
    ['id', cluster.id],
    ['about', cluster.description],
    ['belongs', cluster.inclusion],
    ['does not', cluster.exclusion],
    ['keywords', cluster.keywords.join(', ')],
    ['traces', `${count(cluster.size)}, and ${count(cluster.outliers)} outliers`],
    ['cost', `${usd(cluster.costUsd)}${cluster.costShare === null ? '' : `, ${percent(cluster.costShare)} of all`}`],
    ['errors', `${count(cluster.errors)}, ${percent(cluster.errorShare)}`],
    ['latency', milliseconds(cluster.p50Ms)],
    ['coherence', cluster.coherence.toFixed(2)],
    ['drift', cluster.drift === null ? '' : cluster.drift.toFixed(3)],
    ['one task', `${cluster.task.looksLikeOneTask ? 'yes' : 'no'}: ${cluster.task.reason}`],
    ['student', cluster.task.student ?? ''],
    ['saves', cluster.savingUsdPerMonth === null ? '' : `${usd(cluster.savingUsdPerMonth)} a month`],
  ]);
  out.line(`\n${out.style('bold', 'Nearest the centre')}`);
  showMembers(
    out,
    cluster.nearest.map(({ similarity, prompt, answer }) => [similarity.toFixed(2), prompt, answer]),
    'cosine',
  );
  if (cluster.borderline.length === 0) return;
  out.line(`\n${out.style('bold', 'Nearly another cluster')}`);
  showMembers(
    out,
    cluster.borderline.map(({ otherName, prompt, answer }) => [clip(otherName, 30), prompt, answer]),
    'other',
  );
}

function showMembers(out: Output, rows: string[][], first: string): void {
  out.table([first, 'prompt', 'answer'], rows, { elastic: ['prompt', 'answer'] });
}

function showRuns(out: Output, items: readonly ClusterRun[], nowMs: number): void {
  if (items.length === 0) return out.line('No runs yet.');
  const rows = items.map(({ name, input, status, stage, counts, startedAt }) => [
    name,
    input.mode,
    status === 'running' ? `${status} (${stage ?? 'begins'})` : status,
    String(counts.clusters ?? '–'),
    String(counts.assigned ?? '–'),
    ago(startedAt, nowMs),
  ]);
  out.table(['name', 'mode', 'status', 'clusters', 'assigned', 'begun'], rows, { right: ['clusters', 'assigned'] });
}

/** A whole number, or 0. */
function wholeOrNone(text: string): number {
  return text === '0' ? 0 : wholeNumber(text);
}

/** Whole minutes; 0 ends a schedule. */
function minutes(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('must be a whole number of minutes, or 0 to end it.');
  return Number(text);
}

/** A share of something, from 0 to 1. */
export function share(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1)) throw new InvalidArgumentError('must be a number from 0 to 1.');
  return value;
}
