import { StillhouseError } from '../../contracts/errors.ts';
import { type HostedChoice, parseHostedStudent } from '../../contracts/hosted.ts';
import { nearestNames } from '../../core/nearest-names.ts';
import { STUDENT_CATALOGUE } from '../../core/students/catalogue.ts';
import { type StudentChoice, chooseStudent } from '../../core/students/student-name.ts';
import type { ApiDeps } from './dependencies.ts';
import { refuseImpossibleTarget } from './target-check.ts';

/** What `student` names: a model of a provider's that is tuned there, or what is trained here. */
export type CheckedChoice = StudentChoice | ({ kind: 'hosted' } & HostedChoice);

/** What `student` names; refuses what it can't, with the nearest names and where the others are. */
export function requireStudentChoice(deps: ApiDeps, project: string, student: string): CheckedChoice {
  const hosted = parseHostedStudent(student);
  if (hosted) {
    refuseImpossibleTarget(deps, project, `${hosted.provider}/${hosted.model}`, 'student');
    return { kind: 'hosted', ...hosted };
  }
  const choice = chooseStudent(student);
  if (choice && !(choice.kind === 'configured' && !deps.bases.includes(choice.id))) return choice;
  const known = ['encoder', 'lora', ...STUDENT_CATALOGUE.map((entry) => entry.name), ...deps.bases];
  const near = nearestNames(student, known).map((name) => `"${name}"`);
  const hint = near.length > 0 ? `the nearest: ${near.join(', ')}` : 'there are "encoder", "lora" and the names of the catalogue';
  throw new StillhouseError(
    'invalid_request',
    `student: there is no "${student}"; ${hint}. A hub id is written "organisation/model", a model that its provider tunes "hosted/<provider>/<model>"; a folder is named under "bases" of the configuration.`,
    { param: 'student', data: { known } },
  );
}
