import type { Student } from '../../contracts/distil.ts';
import { parseTarget } from '../../contracts/identifiers.ts';
import type { RegistrySnapshot } from '../../contracts/registry.ts';
import type { Logger } from '../../platform/logger.ts';
import { byName } from '../aliases/by-name.ts';
import type { PlacedStudents } from './language-model/placed-students.ts';
import type { Classifier } from './student.ts';

/** A student that no alias names any more is let go after so long: a rollback within it finds it warm. */
const GRACE_MS = 120_000;

/**
 * Has the students that aliases point to loaded as soon as a snapshot names them: the first call after a move is not the
 * slow one. Language models that no alias of the project names any more are let go after a while.
 */
export function warmStudents(
  classifier: Classifier | null,
  log: Logger,
  { languageModels = null, graceMs = GRACE_MS }: { languageModels?: PlacedStudents | null; graceMs?: number } = {},
): (snapshot: RegistrySnapshot) => void {
  const known = new Set<string>();
  const placed = new Map<string, Map<string, Student>>();
  const leaving = new Map<string, NodeJS.Timeout>();
  const load = (student: Student, loaded: Promise<unknown>) => {
    known.add(student.manifest.sha256);
    loaded.catch((error: unknown) => {
      // A call says so too, and tries again: this was only to be early.
      known.delete(student.manifest.sha256);
      log.warn({ student: student.name, reason: (error as Error).message }, 'a student could not be loaded');
    });
  };
  const release = (key: string, student: Student) => {
    leaving.delete(key);
    known.delete(student.manifest.sha256);
    languageModels!.release(student).catch((error: unknown) => {
      log.warn({ student: student.name, reason: (error as Error).message }, 'a student could not be let go');
    });
  };
  return function warm(snapshot) {
    const named = new Map<string, Student>();
    for (const student of namedStudents(snapshot)) {
      if (student.kind === 'language-model') named.set(placeOf(student), student);
      if (known.has(student.manifest.sha256)) continue;
      if (student.kind === 'encoder') {
        if (classifier) load(student, classifier.prepare(student.manifest));
      } else if (student.kind === 'language-model' && languageModels && languageModels.refusal(student) === null)
        load(student, languageModels.prepare(student));
    }
    if (!languageModels) return;
    for (const [key, student] of placed.get(snapshot.project) ?? []) {
      if (named.has(key) || leaving.has(key) || languageModels.refusal(student) !== null) continue;
      leaving.set(key, setTimeout(release, graceMs, key, student).unref());
    }
    for (const key of named.keys()) {
      clearTimeout(leaving.get(key));
      leaving.delete(key);
    }
    placed.set(snapshot.project, named);
  };
}

function placeOf({ name, manifest, placement }: Student): string {
  return `${placement ?? ''}/${name}/${manifest.sha256}`;
}

function namedStudents(snapshot: RegistrySnapshot): Student[] {
  const targets = Object.values(snapshot.aliases).flatMap((alias) => [...alias.targets.map((one) => one.target), ...alias.fallbacks]);
  return targets.flatMap((target) => {
    const parsed = parseTarget(target);
    return (parsed?.kind === 'student' ? byName(snapshot.students, parsed.name) : undefined) ?? [];
  });
}
