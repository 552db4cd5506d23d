import { Option } from 'commander';
import type { Command } from 'commander';
import { lastUserText } from '../../contracts/chat.ts';
import type { Dataset, Inspection, Judgement, JudgeRequest, LeftOutPage, LeftOutQuery, RecordedEdit, RowFilters } from '../sdk/index.ts';
import { CliError } from './cli-error.ts';
import type { CliContext } from './context.ts';
import { share } from './clusters.ts';
import { number } from './distil-options.ts';
import { ago, clip, count, usd } from './format.ts';
import type { Output } from './output.ts';
import { wholeNumber } from './traces.ts';

interface JudgeOptions extends Omit<JudgeRequest, 'criteria'> {
  criterion?: string[];
  datasetVersion?: number;
  wait: boolean;
}

/** Options of the filters that a build goes by. */
export interface FilterOptions {
  languages?: string;
  maxPrompt?: number;
  minAnswer?: number;
  maxAnswer?: number;
  dropDuplicates?: boolean;
  dropJudged?: boolean;
}

interface EditOptions {
  rows: string[];
  keep?: boolean;
  drop?: boolean;
  undo?: boolean;
  answer?: string;
  tags?: string;
  note?: string;
}

/** Adds the options of the filters. */
export function addFilterOptions(command: Command): Command {
  return command
    .option('--languages <a,b>', 'leave out what is surely in another language: ISO 639-1 codes')
    .option('--max-prompt <characters>', 'of the last user message', wholeNumber)
    .option('--min-answer <characters>', 'shorter answers stay out', wholeNumber)
    .option('--max-answer <characters>', 'longer answers stay out', wholeNumber)
    .option('--drop-duplicates', 'of equal rows the first one stays')
    .option('--drop-judged', 'leave out what a judge drops, test rows aside');
}

/** The filters that the options name; undefined: none. */
export function filtersOf(options: FilterOptions): RowFilters | undefined {
  const { languages, maxPrompt, minAnswer, maxAnswer, dropDuplicates, dropJudged } = options;
  const filters = {
    languages: languages?.split(',').map((code) => code.trim()),
    maxPromptCharacters: maxPrompt,
    minAnswerCharacters: minAnswer,
    maxAnswerCharacters: maxAnswer,
    dropDuplicates,
    dropJudged,
  };
  const stated = Object.entries(filters).filter(([, value]) => value !== undefined);
  return stated.length === 0 ? undefined : (Object.fromEntries(stated) as RowFilters);
}

/** `datasets judge`, `judgements`, `inspect`, `edit`, `edits`, `left-out` and `curate`. */
export function addCurationCommands(datasets: Command, context: CliContext): void {
  datasets
    .command('judge')
    .description('have a model score every row')
    .argument('<name>')
    .requiredOption('--model <target>', 'the judge: a model of a provider')
    .option('--max-usd <dollars>', 'the most that it may cost; default 1', number)
    .option('--keep-from <score>', 'answers below this, from 0 to 1, are to be dropped; default 0.5', share)
    .option('--criterion <words...>', 'what answers are scored by, besides overall')
    .option('--concurrency <calls>', 'in flight at most; default 8', wholeNumber)
    .option('--dataset-version <number>', 'default: the newest that is ready', wholeNumber)
    .option('--no-wait', 'return when the run has begun')
    .action((name: string, options: JudgeOptions) => judge(context, name, options));
  datasets
    .command('judgements')
    .description('runs of judges, the latest begun first; or end one')
    .argument('<name>')
    .option('--cancel <judgement>', 'end this one; what it has said stands')
    .action(async (name: string, { cancel }: { cancel?: string }) => {
      const out = context.out();
      const { curation } = context.connection().client.datasets;
      const items = cancel === undefined ? await curation.judgements(name) : [await curation.cancelJudgement(name, cancel)];
      out.print({ items }, () => showJudgements(out, items, context.now()));
    });
  datasets
    .command('inspect')
    .description('look for suspect rows, and for test rows that are nearly training rows')
    .argument('<name>')
    .option('--dataset-version <number>', 'default: the newest that is ready', wholeNumber)
    .option('--no-wait', 'return when it has begun')
    .action((name: string, options: { datasetVersion?: number; wait: boolean }) => inspect(context, name, options));
  datasets
    .command('edit')
    .description('keep, drop, correct or tag rows; it counts in the next version')
    .argument('<name>')
    .requiredOption('--rows <id...>', 'ids of the rows, as "rows --json" and "left-out --json" have them')
    .addOption(new Option('--keep', 'bring back what a filter or a judge leaves out').conflicts(['drop', 'undo']))
    .addOption(new Option('--drop', 'leave them out').conflicts(['keep', 'undo']))
    .addOption(new Option('--undo', 'neither keep nor drop, and the answer of the source').conflicts(['keep', 'drop', 'answer']))
    .option('--answer <text>', 'the right answer, or label')
    .option('--tags <a,b>', 'all tags that they are to have')
    .option('--note <text>', 'why')
    .action((name: string, options: EditOptions) => edit(context, name, options));
  datasets
    .command('edits')
    .description('who changed which rows, the newest first')
    .argument('<name>')
    .option('--row <id>', 'of this row alone')
    .action(async (name: string, options: { row?: string }) => {
      const out = context.out();
      const items = await Array.fromAsync(context.connection().client.datasets.curation.edits(name, options));
      out.print({ items }, () => showEdits(out, items));
    });
  datasets
    .command('left-out')
    .description('rows that a version leaves out, and why')
    .argument('<name>')
    .option('--reason <reason>', 'for this reason alone')
    .option('--dataset-version <number>', 'default: the newest that is ready', wholeNumber)
    .option('-n, --limit <count>', 'how many, at most 200', wholeNumber, 20)
    .option('--cursor <cursor>', 'nextCursor of the page before')
    .action(async (name: string, { datasetVersion: version, ...query }: LeftOutQuery & { datasetVersion?: number }) => {
      const out = context.out();
      const page = await context.connection().client.datasets.curation.leftOut(name, { ...query, version });
      out.print(page, () => showLeftOut(out, page));
    });
  const curate = datasets.command('curate').description('make a new version of what was said of the rows').argument('<name>');
  addFilterOptions(curate)
    .option('--no-wait', 'return when the build has begun')
    .action(async (name: string, { wait, ...options }: FilterOptions & { wait: boolean }) => {
      const out = context.out();
      const { datasets: client } = context.connection().client;
      const filters = filtersOf(options);
      let dataset: Dataset = await client.curation.curate(name, filters ? { filters } : {});
      if (wait && dataset.status === 'building') dataset = await client.waitUntilBuilt(name, dataset.version);
      out.print(dataset, () => out.line(`"${name}" version ${dataset.version} is ${dataset.status}. ${dataset.error ?? ''}`.trim()));
      if (dataset.status === 'failed') context.setExitCode(1);
    });
}

async function inspect(
  context: CliContext,
  name: string,
  { datasetVersion, wait }: { datasetVersion?: number; wait: boolean },
): Promise<void> {
  const out = context.out();
  const { curation } = context.connection().client.datasets;
  let state: Inspection = await curation.inspect(name, datasetVersion);
  if (wait && state.status === 'running') {
    if (!out.json) out.line(`Looking at "${name}" version ${state.version} …`);
    state = await curation.waitUntilInspected(name, state.version, { timeoutMs: 12 * 3_600_000 });
  }
  out.print(state, () => showInspection(out, state));
  if (state.status === 'failed') context.setExitCode(1);
}

function showInspection(out: Output, { dataset, version, status, error, card }: Inspection): void {
  const nearest = card?.leakage.nearest;
  out.facts([
    ['dataset', `${dataset} version ${version}`],
    ['status', error === null ? status : `${status}  ${error}`],
    ['suspect', card ? `${count(card.suspects)} of ${count(card.rows)} rows: "datasets rows ${dataset} --order suspect"` : ''],
    ['test rows', card ? count(card.leakage.testRows) : ''],
    ['in training', card ? `${count(card.leakage.sharedGroups)} copies, ${count(card.leakage.sameWords)} with the same words` : ''],
    ['nearly so', card ? `${count(card.leakage.near)} with a cosine of ${card.leakage.nearFrom} and more` : ''],
    ['nearest', nearest ? `median ${nearest.p50.toFixed(3)}, 99 % ${nearest.p99.toFixed(3)}, most ${nearest.max.toFixed(3)}` : ''],
  ]);
}

async function edit(context: CliContext, name: string, { rows, keep, drop, undo, answer, tags, note }: EditOptions): Promise<void> {
  const out = context.out();
  const verdict = keep ? ('keep' as const) : drop ? ('drop' as const) : undefined;
  const said = {
    ...(undo ? { verdict: null, answer: null } : {}),
    ...(verdict ? { verdict } : {}),
    ...(answer === undefined ? {} : { answer }),
    ...(tags === undefined
      ? {}
      : {
          tags: tags
            .split(',')
            .map((tag) => tag.trim())
            .filter((tag) => tag !== ''),
        }),
  } as const;
  if (Object.keys(said).length === 0) throw new CliError('What of them? State --keep, --drop, --undo, --answer or --tags.');
  const items = await context
    .connection()
    .client.datasets.curation.edit(name, [{ rowIds: rows, ...said, ...(note === undefined ? {} : { note }) }]);
  out.print({ items }, () => {
    showEdits(out, items);
    out.line(out.style('dim', `\n"stillhouse datasets curate ${name}" makes a version of it.`));
  });
}

function showEdits(out: Output, items: readonly RecordedEdit[]): void {
  if (items.length === 0) return out.line('No edits.');
  const shown = items.map(({ at, actor, rowId, field, before, after, note }) => {
    const [from, to] = [before, after].map((value) => clip(Array.isArray(value) ? value.join(', ') : (value ?? '–'), 30));
    return [at, actor, rowId.slice(0, 12), field, `${from} → ${to}`, note];
  });
  out.table(['at', 'by', 'row', 'what', 'change', 'note'], shown, { elastic: ['note'] });
}

function showLeftOut(out: Output, { items, reasons, nextCursor }: LeftOutPage): void {
  if (items.length === 0) return out.line('Nothing was left out.');
  out.facts(Object.entries(reasons).map(([reason, rows]) => [reason, `${count(rows)} rows`]));
  out.line();
  const shown = items.map(({ reason, place, messages, reference }) => [reason, place, lastUserText(messages), clip(reference, 40)]);
  out.table(['reason', 'place', 'last user message', 'reference'], shown, { elastic: ['last user message'] });
  if (nextCursor) out.line(out.style('dim', `\nMore: --cursor ${nextCursor}`));
}

async function judge(context: CliContext, name: string, options: JudgeOptions): Promise<void> {
  const out = context.out();
  const { curation } = context.connection().client.datasets;
  const { criterion, datasetVersion, wait, ...rest } = options;
  let state: Judgement = await curation.judge(name, { ...rest, ...(criterion ? { criteria: criterion } : {}) }, datasetVersion);
  if (wait && state.status === 'running') {
    if (!out.json) out.line(`Judging "${name}" version ${state.version} …`);
    state = await curation.waitUntilJudged(name, state.name, { timeoutMs: 24 * 3_600_000 });
  }
  out.print(state, () => showJudgement(out, state));
  if (state.status === 'failed') context.setExitCode(1);
}

function showJudgements(out: Output, items: readonly Judgement[], nowMs: number): void {
  if (items.length === 0) return out.line('No judgements yet.');
  const rows = items.map(({ name, version, input, status, counts, spentUsd, startedAt }) => [
    name,
    String(version ?? '–'),
    input.model,
    status,
    count(counts.judged),
    count(counts.dropped),
    usd(spentUsd),
    ago(startedAt, nowMs),
  ]);
  const head = ['name', 'version', 'judge', 'status', 'judged', 'drop', 'cost', 'begun'];
  out.table(head, rows, { right: ['version', 'judged', 'drop', 'cost'] });
}

function showJudgement(out: Output, state: Judgement): void {
  const { counts } = state;
  const colour = { running: 'yellow', completed: 'green', failed: 'red', cancelled: 'yellow' } as const;
  out.facts([
    ['judgement', out.style('bold', state.name)],
    ['dataset', `${state.dataset}${state.version === null ? '' : ` version ${state.version}`}`],
    ['judge', state.input.model],
    ['status', out.style(colour[state.status], state.status) + (state.error ? `  ${state.error}` : '')],
    ['judged', `${count(counts.judged)} of ${count(counts.rows)} rows`],
    ['mean score', counts.judged === 0 ? '' : (counts.scores / counts.judged).toFixed(2)],
    ['keep, drop', `${count(counts.kept)}, ${count(counts.dropped)}`],
    ['no score', counts.unparsed === 0 ? '' : `${count(counts.unparsed)} answers were not what was asked for`],
    ['not asked', counts.unasked === 0 ? '' : `${count(counts.unasked)}${state.capReached ? ': the cap was reached' : ''}`],
    ['cost', usd(state.spentUsd)],
  ]);
}
