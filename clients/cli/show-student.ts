import type { Student, StudentBase, StudentView } from '../sdk/index.ts';
import { ago, bytes, count } from './format.ts';
import type { Output } from './output.ts';
import { decisionOf, evaluationFacts } from './report-card.ts';

/** Students as a table. */
export function showStudents(out: Output, items: readonly StudentView[], nowMs: number): void {
  if (items.length === 0) return out.line('No students yet. "stillhouse distil <dataset>" trains one.');
  const rows = items.map((student) => [
    `student/${student.name}`,
    String(student.version),
    student.kind,
    count(student.labels.length),
    student.base?.id ?? out.style('dim', '–'),
    student.lineage?.teacher ?? out.style('dim', 'imported'),
    student.lineage ? `${student.lineage.dataset} v${student.lineage.datasetVersion}` : out.style('dim', '–'),
    (student.evaluation ? decisionOf(out, student.evaluation) : out.style('dim', 'not evaluated')) +
      (student.forgottenRows ? out.style('yellow', `, ${count(student.forgottenRows)} rows forgotten since`) : ''),
    ago(student.createdAt, nowMs),
  ]);
  out.table(['target', 'version', 'kind', 'labels', 'base', 'teacher', 'dataset', 'decision', 'made'], rows, {
    right: ['version', 'labels'],
  });
}

/** One student, for people. */
export function showStudent(out: Output, student: Student & Partial<StudentView>, nowMs: number): void {
  const { labels } = student;
  out.facts([
    ['student', out.style('bold', `student/${student.name}`) + ` version ${student.version}`],
    ['kind', student.kind],
    ['base', student.base ? `${student.base.id} (${student.base.digest.slice(0, 12)})` : ''],
    ['served by', servedBy(student)],
    ['labels', labels.length > 0 ? `${count(labels.length)}: ${labels.slice(0, 12).join(', ')}${labels.length > 12 ? ', …' : ''}` : ''],
    ...lineageFacts(out, student.lineage),
    [
      'forgotten',
      student.forgottenRows ? out.style('yellow', `${count(student.forgottenRows)} rows that it was trained on; train it anew`) : '',
    ],
    ['manifest', student.manifest.key],
    ['made', ago(student.createdAt, nowMs)],
  ]);
  out.line();
  if (student.evaluation) out.facts(evaluationFacts(out, student.evaluation));
  else out.line(out.style('yellow', 'It has not been evaluated.'));
}

function servedBy({ kind, placement, hosted }: Student): string {
  if (kind === 'hosted') return hosted ? `${hosted.provider} as ${hosted.model}` : '';
  return kind === 'language-model' ? (placement ?? 'local') : 'every gateway';
}

function lineageFacts(out: Output, lineage: Student['lineage']): [string, string][] {
  if (!lineage) return [['lineage', out.style('yellow', 'imported: trained elsewhere, not evaluated')]];
  return [
    ['teacher', lineage.teacher],
    ['dataset', `${lineage.dataset} version ${lineage.datasetVersion} (${lineage.datasetHash.slice(0, 12)})`],
    ['distillation', `${lineage.distillation}, seed ${lineage.seed}${lineage.usedGold ? ', gold answers used in training' : ''}`],
  ];
}

/** Names that a distillation's `--student` takes. */
export function showBases(out: Output, items: readonly StudentBase[]): void {
  const dash = out.style('dim', '–');
  const rows = items.map(({ name, base, parameters, contextTokens, licence, gated, taskFloor, trainBytes }) => [
    name,
    base ?? dash,
    parameters === null ? dash : `${count(Number((parameters / 1e6).toPrecision(3)))} M`,
    contextTokens === null ? dash : count(contextTokens),
    trainBytes ? bytes(trainBytes.bits16) : dash,
    trainBytes ? bytes(trainBytes.bits4) : dash,
    `${licence ?? dash}${gated ? ' (gated)' : ''}`,
    taskFloor.join(', ') || dash,
  ]);
  out.table(['name', 'base', 'parameters', 'context', '16 bit', '4 bit', 'licence', 'enough for'], rows, {
    right: ['parameters', 'context', '16 bit', '4 bit'],
  });
}
