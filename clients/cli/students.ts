import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import { bytes, milliseconds, usd } from './format.ts';
import { addImportCommand } from './import-student.ts';
import { pullStudent } from './pull-student.ts';
import { showBases, showStudent, showStudents } from './show-student.ts';

/** `students list`, `show`, `call`, `pull`, `import` and `place`. */
export function addStudentCommands(program: Command, context: CliContext): void {
  const students = program.command('students').description('trained, exported, registered models');
  students
    .command('list', { isDefault: true })
    .description('all students, newest first')
    .action(async () => {
      const out = context.out();
      const items = await context.connection().client.students.list();
      out.print({ items }, () => showStudents(out, items, context.now()));
    });
  students
    .command('show')
    .description('one student: base, lineage, evaluation')
    .argument('<name>', NAMED)
    .action(async (name: string) => {
      const out = context.out();
      const student = await context.connection().client.students.get(bare(name));
      out.print(student, () => showStudent(out, student, context.now()));
    });
  students
    .command('bases')
    .description('what a student can be trained on: the names that --student takes')
    .action(async () => {
      const out = context.out();
      const items = await context.connection().client.students.bases();
      out.print({ items }, () => showBases(out, items));
    });
  students
    .command('call')
    .description('send one message, as an app would')
    .argument('<name>', NAMED)
    .argument('<text>')
    .action(async (name: string, text: string) => {
      const out = context.out();
      const answer = await context.connection().client.tryTarget(`student/${bare(name)}`, text);
      out.print(answer, () => {
        out.line(answer.text);
        out.line(out.style('dim', `${milliseconds(answer.latencyMs)}, ${usd(answer.costUsd)}`));
      });
    });
  students
    .command('pull')
    .description('download its manifest, adapter, GGUF and model card')
    .argument('<name>', NAMED)
    .requiredOption('--to <folder>', 'where to put the files')
    .option('--only <files...>', 'names of files, as "students files" lists them')
    .action((name: string, options: { to: string; only?: string[] }) => pullStudent(context, bare(name), options));
  students
    .command('files')
    .description('the files that it is made of')
    .argument('<name>', NAMED)
    .action(async (name: string) => {
      const out = context.out();
      const items = await context.connection().client.students.files(bare(name));
      const rows = items.map(({ file, bytes: size, sha256, about }) => [file, bytes(size), sha256.slice(0, 12), about]);
      out.print({ items }, () => out.table(['file', 'size', 'sha256', 'about'], rows, { right: ['size'], elastic: ['about'] }));
    });
  students
    .command('place')
    .description('say which student server serves a language model')
    .argument('<name>', NAMED)
    .argument('<server>', '"local", or a student server of stillhouse.yaml')
    .action(async (name: string, server: string) => {
      const out = context.out();
      const student = await context.connection().client.students.place(bare(name), server === 'local' ? null : server);
      out.print(student, () =>
        out.line(`student/${student.name} is served by ${student.placement ?? 'local'} (version ${student.version}).`),
      );
    });
  addImportCommand(students, context);
}

const NAMED = 'its name, or its target student/<name>';

function bare(name: string): string {
  return name.replace(/^student\//, '');
}
