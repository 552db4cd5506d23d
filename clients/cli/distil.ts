import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { DistilRequest } from '../sdk/index.ts';
import type { CliContext } from './context.ts';
import { wholeNumber } from './traces.ts';
import { watchRun } from './watch.ts';

type DistilOptions = Omit<DistilRequest, 'dataset' | 'project'> & { watch?: boolean };

/** `distil`: starts a run, or joins the one of the same input. */
export function addDistilCommand(program: Command, context: CliContext): void {
  program
    .command('distil')
    .description('distil a dataset into a student')
    .argument('<dataset>')
    .option('--name <name>', 'name of the run; default: from the hash of its input')
    .option('--dataset-version <number>', 'default: the newest that is ready', wholeNumber)
    .option('--teacher <target>', "default: what answered the dataset's traces")
    .option('--student <kind>', 'what to train', 'encoder')
    .option('--judge <target>', 'model that scores candidates; none by default for labels')
    .option('--alias <name>', 'alias to move when the student is not worse')
    .option('--n-samples <count>', 'candidates per prompt', wholeNumber)
    .option('--keep-best <count>', 'candidates to keep', wholeNumber)
    .option('--temperature <value>', 'of the candidates', number)
    .option('--margin-points <points>', 'how much worse the student may be', number)
    .option('--max-usd <dollars>', 'hard cap on new spend', number)
    .addOption(new Option('--until <stage>', 'stop after this stage').choices(['curate']))
    .option('--use-gold', 'let gold answers into training; the report says so')
    .option('--approval', 'wait for a person before the alias moves')
    .option('--seed <number>', 'of everything random', number)
    .option('-w, --watch', 'follow the run until it has ended')
    .action(async (dataset: string, { watch, ...options }: DistilOptions) => {
      const out = context.out();
      const run = await context.connection().client.distillations.start({ dataset, ...options });
      if (watch) return watchRun(context, run.name);
      out.print(run, () => {
        out.line(`Distillation ${out.style('bold', run.name)} is ${run.status}.`);
        out.line(out.style('dim', `stillhouse distillations watch ${run.name}`));
      });
    });
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('must be a number.');
  return value;
}
