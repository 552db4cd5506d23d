import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import { type DistilOptions, addDistilOptions, distilRequest } from './distil-options.ts';
import { watchRun } from './watch.ts';

/** `distil`: starts a run, or joins the one of the same input. */
export function addDistilCommand(program: Command, context: CliContext): void {
  const command = program.command('distil').description('distil a dataset into a student').argument('<dataset>');
  addDistilOptions(command)
    .option('-w, --watch', 'follow the run until it has ended')
    .action(async (dataset: string, { watch, ...options }: DistilOptions & { watch?: boolean }) => {
      const out = context.out();
      const run = await context.connection().client.distillations.start(distilRequest(dataset, options));
      if (watch) return watchRun(context, run.name);
      out.print(run, () => {
        out.line(`Distillation ${out.style('bold', run.name)} is ${run.status}.`);
        out.line(out.style('dim', `stillhouse distillations watch ${run.name}`));
      });
    });
}
