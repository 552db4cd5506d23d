import { AliasVersion } from '../../contracts/aliases.ts';
import { Student } from '../../contracts/distil.ts';
import type { RegistrySnapshot, StateVersion } from '../../contracts/registry.ts';

/** A snapshot before anything is known. */
export function emptySnapshot(project: string): RegistrySnapshot {
  return { project, sequence: 0, aliases: {}, students: {} };
}

/** The snapshot after these versions, which come in the order of their sequence; the old one is left as it is. */
export function applyVersions(before: RegistrySnapshot, versions: readonly StateVersion[]): RegistrySnapshot {
  if (versions.length === 0) return before;
  const aliases = { ...before.aliases };
  const students = { ...before.students };
  let { sequence } = before;
  for (const version of versions) {
    sequence = Math.max(sequence, version.sequence);
    switch (version.kind) {
      case 'project':
        break;
      case 'alias': {
        const alias = AliasVersion.parse(version.value);
        if (alias.deleted) delete aliases[version.key];
        else aliases[version.key] = alias;
        break;
      }
      case 'student':
        students[version.key] = Student.parse(version.value);
        break;
    }
  }
  return Object.freeze({ project: before.project, sequence, aliases: Object.freeze(aliases), students: Object.freeze(students) });
}
