import type { Command } from 'commander';
import { hasEnded } from '../sdk/index.ts';
import type { Distillation } from '../sdk/index.ts';
import type { CliContext } from './context.ts';
import { ago, duration, usd } from './format.ts';
import type { Output } from './output.ts';
import { decisionOf, showReportCard } from './report-card.ts';
import { approvalHint, stageLines, standingOf, statusOf, waitsForApproval } from './stage-lines.ts';
import { showTraining } from './training-lines.ts';
import { watchRun } from './watch.ts';

const ACTIONS = {
  pause: 'let a run stop at its next shard or stage',
  resume: 'let a paused run go on',
  cancel: 'end a run',
  approve: 'let a run that waits for a person move its alias',
} as const;

/** `distillations list`, `show`, `watch`, `pause`, `resume`, `cancel` and `approve`. */
export function addDistillationCommands(program: Command, context: CliContext): void {
  const distillations = program.command('distillations').description('runs of the distil workflow');
  distillations
    .command('list', { isDefault: true })
    .description('all runs, newest first')
    .action(async () => {
      const out = context.out();
      const items = await context.connection().client.distillations.list();
      out.print({ items }, () => showRuns(out, items, context.now()));
    });
  distillations
    .command('show')
    .description('where a run stands, and its report card')
    .argument('<name>')
    .action(async (name: string) => {
      const out = context.out();
      const { distillations: runs } = context.connection().client;
      const run = await runs.get(name);
      const points = run.input.student === 'encoder' ? [] : await runs.training(name);
      out.print(run, () => {
        showRun(out, run, context.now());
        showTraining(out, points);
      });
    });
  distillations
    .command('watch')
    .description('follow a run until it has ended')
    .argument('<name>')
    .action((name: string) => watchRun(context, name));
  for (const action of Object.keys(ACTIONS) as (keyof typeof ACTIONS)[]) {
    distillations
      .command(action)
      .description(ACTIONS[action])
      .argument('<name>')
      .action(async (name: string) => {
        const out = context.out();
        const run = await context.connection().client.distillations[action](name);
        out.print(run, () => out.line(`${name}: ${action} was taken; the run is ${statusOf(out, run)}.`));
      });
  }
}

function showRuns(out: Output, items: readonly Distillation[], nowMs: number): void {
  if (items.length === 0) return out.line('No distillations yet. "stillhouse distil <dataset>" starts one.');
  const rows = items.map((run) => [
    run.name,
    standingOf(out, run),
    (hasEnded(run) ? null : run.stage) ?? out.style('dim', '–'),
    `${Math.round(run.progress * 100)} %`,
    run.dataset ? `${run.dataset.name} v${run.dataset.version}` : run.input.dataset,
    run.teacher ?? out.style('dim', '–'),
    run.evaluation ? decisionOf(out, run.evaluation) : out.style('dim', '–'),
    usd(run.spentUsd),
    duration((run.endedAt ? Date.parse(run.endedAt) : nowMs) - Date.parse(run.startedAt)),
    ago(run.startedAt, nowMs),
  ]);
  out.table(['name', 'status', 'stage', 'done', 'dataset', 'teacher', 'decision', 'spent', 'took', 'started'], rows, {
    right: ['done', 'spent', 'took'],
  });
  for (const run of items.filter(waitsForApproval)) out.line(out.style('yellow', `\n${approvalHint(run)}`));
}

function showRun(out: Output, run: Distillation, nowMs: number): void {
  for (const line of stageLines(out, run, nowMs, 0)) out.line(line);
  out.line();
  for (const warning of run.warnings) out.line(out.style('yellow', `! ${warning}`));
  showReportCard(out, run);
}
