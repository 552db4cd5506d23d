import { type Command, InvalidArgumentError } from 'commander';
import type { ProjectView } from '../sdk/index.ts';
import type { CliContext } from './context.ts';
import { count, usd } from './format.ts';
import { dollarsOrNone, type None, orNull } from './keys.ts';
import type { Output } from './output.ts';
import { addPrivacyCommand, storedInWords } from './project-privacy.ts';

interface ProjectOptions extends BudgetOptions {
  keepDays?: number | None;
}

interface BudgetOptions {
  usdPerDay?: number | None;
  usdPerMonth?: number | None;
}

/** `projects list`, `create`, `limit` and `privacy`. */
export function addProjectCommands(program: Command, context: CliContext): void {
  const projects = program.command('projects').description('owners of keys, traces, datasets and aliases (--project names one)');
  projects
    .command('list', { isDefault: true })
    .description('all projects, and what they spent')
    .action(async () => {
      const out = context.out();
      const items = await context.connection().client.projects.list();
      out.print({ items }, () => showProjects(out, items));
    });
  withBudget(projects.command('create').description('begin a project').argument('<name>')).action(
    async (name: string, { keepDays, ...budget }: ProjectOptions) => {
      const out = context.out();
      const retention = keepDays === undefined ? {} : { retentionDays: keepDays === 'none' ? null : keepDays };
      const made = await context.connection().client.projects.create({ name, budget: budgetOf(budget), ...retention });
      out.print(made, () => showProjects(out, [made]));
    },
  );
  withBudget(
    projects.command('limit').description('change a budget or how long traces are kept; "none" takes it away').argument('<name>'),
  ).action(async (name: string, { keepDays, ...budget }: ProjectOptions) => {
    const out = context.out();
    const retention = keepDays === undefined ? {} : { retentionDays: keepDays === 'none' ? null : keepDays };
    const changed = await context.connection().client.projects.change(name, { budget: budgetOf(budget), ...retention });
    out.print(changed, () => showProjects(out, [changed]));
  });
  addPrivacyCommand(projects, context);
}

function withBudget(command: Command): Command {
  return command
    .option('--usd-per-day <dollars>', "dollars a day (UTC's), of all its keys", dollarsOrNone)
    .option('--usd-per-month <dollars>', "dollars a month (UTC's), of all its keys", dollarsOrNone)
    .option('--keep-days <days>', 'how long traces are kept', daysOrNone);
}

function budgetOf({ usdPerDay, usdPerMonth }: BudgetOptions) {
  return { usdPerDay: orNull(usdPerDay), usdPerMonth: orNull(usdPerMonth) };
}

function showProjects(out: Output, items: readonly ProjectView[]): void {
  const rows = items.map(({ name, keys, aliases, budget, retentionDays, privacy, spent }) => [
    name,
    count(keys),
    count(aliases),
    spent ? usd(spent.todayUsd) : '–',
    budget.usdPerDay === null ? 'none' : usd(budget.usdPerDay),
    spent ? usd(spent.monthUsd) : '–',
    budget.usdPerMonth === null ? 'none' : usd(budget.usdPerMonth),
    retentionDays === null ? 'for ever' : `${retentionDays} d`,
    storedInWords(privacy),
  ]);
  const head = ['project', 'keys', 'aliases', 'today', 'of a day', 'month', 'of a month', 'kept', 'stored'];
  out.table(head, rows, { right: head.slice(1), elastic: [] });
}

function daysOrNone(text: string): number | None {
  if (text === 'none') return text;
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('must be a number of whole days, or "none".');
  return Number(text);
}
