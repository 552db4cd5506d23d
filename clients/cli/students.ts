import type { Command } from 'commander';
import type { Student } from '../sdk/index.ts';
import type { CliContext } from './context.ts';
import { ago, count } from './format.ts';
import type { Output } from './output.ts';
import { decisionOf, evaluationFacts } from './report-card.ts';

/** `students list` and `students show`. */
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
    .argument('<name>', 'its name, or its target student/<name>')
    .action(async (name: string) => {
      const out = context.out();
      const student = await context.connection().client.students.get(name.replace(/^student\//, ''));
      out.print(student, () => showStudent(out, student, context.now()));
    });
}

function showStudents(out: Output, items: readonly Student[], nowMs: number): void {
  if (items.length === 0) return out.line('No students yet. "stillhouse distil <dataset>" trains one.');
  const rows = items.map((student) => [
    `student/${student.name}`,
    String(student.version),
    student.kind,
    count(student.labels.length),
    student.lineage.teacher,
    `${student.lineage.dataset} v${student.lineage.datasetVersion}`,
    student.evaluation ? decisionOf(out, student.evaluation) : out.style('dim', '–'),
    ago(student.createdAt, nowMs),
  ]);
  out.table(['target', 'version', 'kind', 'labels', 'teacher', 'dataset', 'decision', 'made'], rows, { right: ['version', 'labels'] });
}

function showStudent(out: Output, student: Student, nowMs: number): void {
  const { lineage } = student;
  out.facts([
    ['student', out.style('bold', `student/${student.name}`) + ` version ${student.version}`],
    ['kind', student.kind],
    ['labels', `${count(student.labels.length)}: ${student.labels.slice(0, 12).join(', ')}${student.labels.length > 12 ? ', …' : ''}`],
    ['teacher', lineage.teacher],
    ['dataset', `${lineage.dataset} version ${lineage.datasetVersion} (${lineage.datasetHash.slice(0, 12)})`],
    ['distillation', `${lineage.distillation}, seed ${lineage.seed}${lineage.usedGold ? ', gold answers used in training' : ''}`],
    ['manifest', student.manifest.key],
    ['made', ago(student.createdAt, nowMs)],
  ]);
  if (!student.evaluation) return;
  out.line();
  out.facts(evaluationFacts(out, student.evaluation));
}
