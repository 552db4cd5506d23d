import { z } from 'zod';
import { AliasVersion } from '../../contracts/aliases.ts';
import { Student } from '../../contracts/distil.ts';
import { ApiKey, Budget, StoredSecret } from '../../contracts/keys.ts';
import { Privacy } from '../../contracts/privacy.ts';
import { NO_BUDGET, type RegistrySnapshot, type StateVersion } from '../../contracts/registry.ts';

/** Value of the kind `project`; the tests' and the first releases' have no budget. */
const Settings = z.object({
  budget: Budget.default(NO_BUDGET),
  retentionDays: z.number().nullable().default(null),
  privacy: Privacy.nullable().default(null),
});

/** A snapshot before anything is known. */
export function emptySnapshot(project: string): RegistrySnapshot {
  return { project, sequence: 0, aliases: {}, students: {}, keys: {}, secrets: {}, budget: NO_BUDGET, retentionDays: null, privacy: null };
}

/** The snapshot after these versions, which come in the order of their sequence; the old one is left as it is. */
export function applyVersions(before: RegistrySnapshot, versions: readonly StateVersion[]): RegistrySnapshot {
  if (versions.length === 0) return before;
  const aliases = { ...before.aliases };
  const students = { ...before.students };
  const keys = { ...before.keys };
  const secrets = { ...before.secrets };
  let { sequence, budget, retentionDays, privacy } = before;
  for (const version of versions) {
    sequence = Math.max(sequence, version.sequence);
    switch (version.kind) {
      case 'project':
        ({ budget, retentionDays, privacy } = Settings.parse(version.value));
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
      case 'key':
        keys[version.key] = ApiKey.parse(version.value);
        break;
      case 'secret': {
        const secret = StoredSecret.parse(version.value);
        if (secret.sealed === null) delete secrets[version.key];
        else secrets[version.key] = secret;
        break;
      }
    }
  }
  const state = {
    aliases: Object.freeze(aliases),
    students: Object.freeze(students),
    keys: Object.freeze(keys),
    secrets: Object.freeze(secrets),
  };
  return Object.freeze({ project: before.project, sequence, budget, retentionDays, privacy, ...state });
}
