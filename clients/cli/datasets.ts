import { Option } from 'commander';
import type { Command } from 'commander';
import { DATASET_FILE_FORMATS, SPLITS } from '../../contracts/datasets.ts';
import { VERDICTS } from '../../contracts/feedback.ts';
import type { Dataset, DatasetExportQuery, DatasetRowView, DatasetSource, DatasetView, RowsQuery, Stillhouse, Task } from '../sdk/index.ts';
import { CliError } from './cli-error.ts';
import type { CliContext } from './context.ts';
import { type FilterOptions, addCurationCommands, addFilterOptions, filtersOf } from './dataset-curation.ts';
import { ago, clip, count } from './format.ts';
import type { Output } from './output.ts';
import { fileAt } from './read-file.ts';
import { saveFile } from './save-file.ts';
import { metadataPair, pastTime, wholeNumber } from './traces.ts';

interface CreateOptions extends FilterOptions {
  alias?: string;
  model?: string;
  target?: string;
  provider?: string;
  cluster?: string;
  key?: string;
  session?: string;
  user?: string;
  verdict?: (typeof VERDICTS)[number];
  metadata?: Record<string, string>;
  since?: string;
  until?: string;
  file?: string;
  task: Task['kind'];
  labels?: string;
  wait: boolean;
}

const TRACE_FILTERS = [
  'alias',
  'model',
  'target',
  'provider',
  'cluster',
  'key',
  'session',
  'user',
  'verdict',
  'metadata',
  'since',
  'until',
] as const;

interface ExportOptions extends Omit<DatasetExportQuery, 'version'> {
  datasetVersion?: number;
  output?: string;
}

/** `datasets create`, `list`, `show`, `export` and `rows`, and what curates. */
export function addDatasetCommands(program: Command, context: CliContext): void {
  const datasets = program.command('datasets').description('immutable, versioned lists of rows');
  const createCommand = datasets
    .command('create')
    .description('build a dataset from recorded traces, or from a JSONL file')
    .argument('<name>')
    .option('--alias <name>', 'traces of this alias')
    .option('--model <model>', 'traces of this model')
    .option('--target <target>', 'answered by this target')
    .option('--provider <id>', 'answered by this provider')
    .option('--cluster <id>', 'traces of this cluster, without its outliers')
    .option('--key <id>', 'called with this key')
    .option('--session <id>', 'of this session')
    .option('--user <id>', 'of this user')
    .addOption(new Option('--verdict <verdict>', 'what people said of it').choices(VERDICTS))
    .option('--metadata <key=value>', 'traces with this pair; may be repeated', metadataPair)
    .option('--since <time>', 'ISO time, or an age like 7d', pastTime)
    .option('--until <time>', 'ISO time, or an age', pastTime)
    .addOption(new Option('--file <path>', 'a JSONL file instead of traces').conflicts([...TRACE_FILTERS]))
    .addOption(new Option('--task <kind>', 'what kind of answer').choices(['label', 'json', 'text']).default('label'))
    .option('--labels <a,b,c>', 'the closed set of labels; default: the answers seen');
  addFilterOptions(createCommand)
    .option('--no-wait', 'return when the build has begun')
    .action((name: string, options: CreateOptions) => create(context, name, options));
  datasets
    .command('list', { isDefault: true })
    .description('all datasets')
    .action(async () => {
      const out = context.out();
      const items = await context.connection().client.datasets.list();
      out.print({ items }, () => showDatasets(out, items, context.now()));
    });
  datasets
    .command('show')
    .argument('<name>')
    .option('--dataset-version <number>', 'default: the newest', wholeNumber)
    .action(async (name: string, options: { datasetVersion?: number }) => {
      const out = context.out();
      const dataset = await context.connection().client.datasets.get(name, options.datasetVersion);
      out.print(dataset, () => showDataset(out, dataset, context.now()));
    });
  datasets
    .command('export')
    .description('a split as JSON lines or Parquet, for other trainers')
    .argument('<name>')
    .addOption(new Option('--format <format>', 'of the file').choices(DATASET_FILE_FORMATS).default('openai'))
    .addOption(new Option('--split <split>').choices(SPLITS).default('train'))
    .option('--dataset-version <number>', 'default: the newest that is ready', wholeNumber)
    .option('--gold', 'gold answers as the answers to learn, where a row has one')
    .option('-o, --output <file>', 'where to; default: standard output')
    .action(async (name: string, { output, datasetVersion: version, ...query }: ExportOptions) => {
      const body = await context.connection().client.datasets.export(name, { ...query, ...(version === undefined ? {} : { version }) });
      await saveFile(context.out(), body, output);
    });
  datasets
    .command('rows')
    .description('look at rows of a split')
    .argument('<name>')
    .addOption(new Option('--split <split>').choices(SPLITS).default('train'))
    .option('--dataset-version <number>', 'default: the newest that is ready', wholeNumber)
    .addOption(
      new Option('--order <order>', 'suspect: once it was inspected, those first whose neighbours have another answer').choices([
        'position',
        'suspect',
      ]),
    )
    .option('-n, --limit <count>', 'how many, at most 200', wholeNumber, 20)
    .option('--cursor <cursor>', 'nextCursor of the page before')
    .action(async (name: string, { datasetVersion: version, ...options }: RowsQuery & { datasetVersion?: number; cursor?: string }) => {
      const out = context.out();
      const page = await context.connection().client.datasets.rowsPage(name, { ...options, version });
      out.print(page, () => showRows(out, page.items, page.nextCursor));
    });
  addCurationCommands(datasets, context);
}

async function create(context: CliContext, name: string, options: CreateOptions): Promise<void> {
  const out = context.out();
  const { client } = context.connection();
  const source = await sourceOf(client, options);
  const labels = options.labels?.split(',').map((label) => label.trim());
  if (labels && options.task !== 'label') throw new CliError('--labels goes with --task label.');
  const task = (labels ? { kind: options.task, labels } : { kind: options.task }) as Task;
  let dataset: Dataset = await client.datasets.create({ name, source, task, filters: filtersOf(options) });
  if (options.wait && dataset.status === 'building') {
    if (!out.json) out.line(`Building "${name}" version ${dataset.version} …`);
    dataset = await client.datasets.waitUntilBuilt(name, dataset.version);
  }
  out.print(dataset, () => showDataset(out, dataset, context.now()));
  if (dataset.status === 'failed') context.setExitCode(1);
}

async function sourceOf(client: Stillhouse, options: CreateOptions): Promise<DatasetSource> {
  if (options.file !== undefined) {
    return { file: (await client.datasets.upload(fileAt(options.file, '--file'))).file };
  }
  const given = TRACE_FILTERS.map((filter) => [filter, options[filter]] as const).filter(([, value]) => value !== undefined);
  if (given.length === 0)
    throw new CliError('Which traces? Name them by --alias, --cluster, --model, --metadata or --since, or give a --file.');
  return { traces: Object.fromEntries(given) };
}

function statusOf(out: Output, dataset: Dataset): string {
  const colour = { building: 'yellow', ready: 'green', failed: 'red' } as const;
  return out.style(colour[dataset.status], dataset.status);
}

/** Which version runs and rows use where the newest can't be used; empty where it can, and where none is ready. */
function usableInstead({ status, newestReady }: Dataset & Partial<DatasetView>): string {
  return status === 'ready' || !newestReady ? '' : `version ${newestReady} is the newest that is ready`;
}

function showDatasets(out: Output, items: readonly DatasetView[], nowMs: number): void {
  if (items.length === 0) return out.line('No datasets yet. "stillhouse datasets create <name> --alias <alias>" builds one from traces.');
  const rows = items.map((dataset) => [
    dataset.name,
    String(dataset.version),
    statusOf(out, dataset) + (usableInstead(dataset) && out.style('dim', ` (version ${dataset.newestReady} is ready)`)),
    dataset.task.kind,
    ...SPLITS.map((split) => count(dataset.rows[split])),
    count(dataset.goldRows),
    ago(dataset.updatedAt, nowMs),
  ]);
  out.table(['name', 'version', 'status', 'task', ...SPLITS, 'gold', 'changed'], rows, { right: ['version', ...SPLITS, 'gold'] });
}

function showDataset(out: Output, dataset: Dataset & Partial<DatasetView>, nowMs: number): void {
  const source = 'file' in dataset.source ? `file ${dataset.source.file.slice(0, 12)}…` : `traces ${JSON.stringify(dataset.source.traces)}`;
  out.facts([
    ['dataset', out.style('bold', `${dataset.name} version ${dataset.version}`)],
    ['status', statusOf(out, dataset) + (dataset.error ? `  ${dataset.error}` : '')],
    ['usable', usableInstead(dataset)],
    ['source', source],
    ['task', dataset.task.kind],
    ['rows', SPLITS.map((split) => `${count(dataset.rows[split])} ${split}`).join(', ')],
    ['gold', `${count(dataset.goldRows)} rows`],
    ['forgotten', dataset.forgottenRows ? `${count(dataset.forgottenRows)} of these rows` : ''],
    [
      'left out',
      Object.entries(dataset.skipped)
        .map(([reason, n]) => `${count(n)} ${reason}`)
        .join(', '),
    ],
    ['hash', dataset.hash.slice(0, 16)],
    ['changed', ago(dataset.updatedAt, nowMs)],
  ]);
  for (const warning of dataset.warnings) out.line(out.style('yellow', `! ${warning}`));
  const labels = Object.entries(dataset.labels).sort((a, b) => b[1] - a[1]);
  if (labels.length === 0) return;
  out.line();
  const shown = labels.slice(0, 30).map(([label, n]) => [label, count(n)]);
  out.table(['label', 'rows'], shown, { right: ['rows'], elastic: ['label'] });
  if (labels.length > 30) out.line(out.style('dim', `and ${labels.length - 30} more labels`));
}

function showRows(out: Output, rows: readonly DatasetRowView[], nextCursor: string | null): void {
  if (rows.length === 0) return out.line('No rows here.');
  const shown = rows.map((row) => [
    String(row.position),
    lastUser(row),
    clip(row.answer === null ? row.reference : `${row.reference} → ${row.answer}`, 40),
  ]);
  out.table(['#', 'last user message', 'reference'], shown, { right: ['#'], elastic: ['last user message'] });
  if (nextCursor) out.line(out.style('dim', `\nMore: --cursor ${nextCursor}`));
}

function lastUser(row: DatasetRowView): string {
  const content = row.messages.findLast((message) => message.role === 'user')?.content;
  return typeof content === 'string' ? content : JSON.stringify(content ?? '');
}
