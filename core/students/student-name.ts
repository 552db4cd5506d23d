import { type HostedChoice, parseHostedStudent } from '../../contracts/hosted.ts';
import { STUDENT_CATALOGUE } from './catalogue.ts';

/** What the `student` of a distillation names. */
export type StudentChoice =
  | { kind: 'encoder' }
  /** The project's own small base. */
  | { kind: 'built-in' }
  /** A base of `stillhouse.yaml`, by its id. */
  | { kind: 'configured'; id: string }
  /** A repository of the Hugging Face hub. */
  | { kind: 'hub'; id: string }
  /** A model that its provider tunes and serves. */
  | ({ kind: 'hosted' } & HostedChoice);

const HUB_ID = /^[A-Za-z0-9][A-Za-z0-9._-]*\/[A-Za-z0-9][A-Za-z0-9._-]*$/;

/**
 * Reads a student's name: `encoder`, `lora`, `hosted/<provider>/<model>`, a name of the catalogue, a hub id (`org/name`), else a
 * base that the configuration must name. Null where it can be none of them. A path is none: folders come from the configuration.
 */
export function chooseStudent(name: string): StudentChoice | null {
  if (name === 'encoder') return { kind: 'encoder' };
  if (name === 'lora') return { kind: 'built-in' };
  const hosted = parseHostedStudent(name);
  if (hosted) return { kind: 'hosted', ...hosted };
  const known = STUDENT_CATALOGUE.find((entry) => entry.name === name.toLowerCase());
  if (known) return { kind: 'hub', id: known.hubId };
  if (HUB_ID.test(name)) return { kind: 'hub', id: name };
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name) ? { kind: 'configured', id: name } : null;
}
