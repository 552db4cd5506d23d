import { parseTarget } from '../../contracts/identifiers.ts';
import type { RegistrySnapshot } from '../../contracts/registry.ts';
import type { Logger } from '../../platform/logger.ts';
import { byName } from '../aliases/by-name.ts';
import type { Classifier } from './student.ts';

/** Has the students that aliases point to loaded as soon as a snapshot names them: the first call after a move is not the slow one. */
export function warmStudents(classifier: Classifier, log: Logger): (snapshot: RegistrySnapshot) => void {
  const known = new Set<string>();
  return function warm(snapshot) {
    for (const alias of Object.values(snapshot.aliases)) {
      for (const target of [...alias.targets.map((one) => one.target), ...alias.fallbacks]) {
        const parsed = parseTarget(target);
        const student = parsed?.kind === 'student' ? byName(snapshot.students, parsed.name) : undefined;
        if (student?.kind !== 'encoder' || known.has(student.manifest.sha256)) continue;
        known.add(student.manifest.sha256);
        classifier.prepare(student.manifest).catch((error: unknown) => {
          // A call says so too, and tries again: this was only to be early.
          known.delete(student.manifest.sha256);
          log.warn({ student: student.name, reason: (error as Error).message }, 'a student could not be loaded');
        });
      }
    }
  };
}
