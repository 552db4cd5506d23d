import type { AliasInput } from '../../contracts/aliases.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { parseTarget } from '../../contracts/identifiers.ts';
import type { ApiDeps } from './dependencies.ts';
import { nameNearest } from './near-misses.ts';

/** Refuses an alias that names what can't exist: an unknown provider or student. A provider's unknown model passes. */
export function refuseImpossibleTargets(deps: ApiDeps, project: string, input: Pick<AliasInput, 'targets' | 'fallbacks'>): void {
  input.targets.forEach(({ target }, i) => refuseImpossibleTarget(deps, project, target, `targets[${i}].target`));
  input.fallbacks.forEach((target, i) => refuseImpossibleTarget(deps, project, target, `fallbacks[${i}]`));
}

/** Refuses one target that can't exist; `param` is the field that names it. */
export function refuseImpossibleTarget(deps: ApiDeps, project: string, target: string, param: string): void {
  const parsed = parseTarget(target);
  if (parsed?.kind === 'student') {
    const students = Object.keys(deps.snapshots.current(project).students);
    if (!students.includes(parsed.name)) refuse(`${param}: ${nameNearest('student', parsed.name, students)}`, param);
    return;
  }
  if (parsed?.kind !== 'provider') refuse(`${param}: routers come with a later version; name a provider's model or a student.`, param);
  const known = deps.targets(project).filter((info) => info.kind === 'provider');
  const providers = [...new Set(known.map((info) => info.target.split('/', 1)[0]!))];
  if (!providers.includes(parsed.provider)) refuse(`${param}: ${nameNearest('provider', parsed.provider, providers)}`, param);
}

function refuse(detail: string, param: string): never {
  throw new StillhouseError('not_found', detail, { param });
}
