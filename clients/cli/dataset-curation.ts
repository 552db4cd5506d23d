import type { Command } from 'commander';
import type { Judgement, JudgeRequest } from '../sdk/index.ts';
import type { CliContext } from './context.ts';
import { share } from './clusters.ts';
import { number } from './distil-options.ts';
import { count, usd } from './format.ts';
import type { Output } from './output.ts';
import { wholeNumber } from './traces.ts';

interface JudgeOptions extends Omit<JudgeRequest, 'criteria'> {
  criterion?: string[];
  datasetVersion?: number;
  wait: boolean;
}

/** `datasets judge`. */
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
