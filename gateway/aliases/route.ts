import { StillhouseError } from '../../contracts/errors.ts';
import type { WeightedTarget } from '../../contracts/aliases.ts';
import type { RegistrySnapshot } from '../../contracts/registry.ts';
import type { Catalogue } from '../providers/catalogue.ts';
import { nearestNames } from '../../core/nearest-names.ts';
import { byName } from './by-name.ts';

/** Where a call goes: the chosen target first, then the fallbacks in order. */
export interface Route {
  /** Empty where the caller named a target. */
  alias: string;
  aliasVersion: number;
  targets: string[];
  /** Of the alias's cache; absent where it has none. */
  cacheTtlSeconds?: number;
  /** Of an alias whose next target is asked, too, where one takes longer; absent where it has none. */
  hedgeAfterMs?: number;
  /** A `RouterDecision` as JSON; absent where there was no choice. */
  decision?: string;
}

/**
 * Resolves a `model` as a caller wrote it, in memory: an alias, else `provider/model` or `student/<name>`, else the bare
 * id of a model that exactly one provider lists. `random` is uniform in [0, 1). Throws `model_not_found` with the
 * nearest names.
 */
export function resolveModel(model: string, snapshot: RegistrySnapshot, catalogue: Catalogue, random: () => number): Route {
  const alias = byName(snapshot.aliases, model);
  if (alias) {
    const targets = [chooseByWeight(alias.targets, random), ...alias.fallbacks];
    const choice = alias.targets.length > 1 ? { decision: JSON.stringify({ by: 'weights', targets: alias.targets }) } : {};
    return {
      alias: alias.name,
      aliasVersion: alias.version,
      targets,
      ...choice,
      ...(alias.cache ? { cacheTtlSeconds: alias.cache.ttlSeconds } : {}),
      ...(alias.hedge ? { hedgeAfterMs: alias.hedge.afterMs } : {}),
    };
  }
  if (model.includes('/')) {
    const callable = catalogue.find(model);
    const missing = callable?.provider.id === 'student' && !byName(snapshot.students, callable.model);
    if (callable && !missing) return { alias: '', aliasVersion: 0, targets: [model] };
  }
  const bare = catalogue.withModel(model);
  if (bare.length === 1) return { alias: '', aliasVersion: 0, targets: bare };
  if (bare.length > 1) throw notFound(`The model "${model}" is offered by several providers: write ${bare.map(quoted).join(' or ')}`, bare);
  const known = [...Object.keys(snapshot.aliases), ...catalogue.targets(snapshot).map((info) => info.target)];
  const nearest = nearestNames(model, known);
  const hint = nearest.length > 0 ? ` Did you mean ${nearest.map(quoted).join(', ')}?` : '';
  throw notFound(`The model "${model}" does not exist: it is no alias, no target and no model of a provider.${hint}`, nearest);
}

/** One target by chance, in proportion to the weights. */
export function chooseByWeight(targets: readonly WeightedTarget[], random: () => number): string {
  if (targets.length === 1) return targets[0]!.target;
  let rest = random() * targets.reduce((sum, { weight }) => sum + weight, 0);
  for (const { target, weight } of targets) {
    rest -= weight;
    if (rest < 0) return target;
  }
  return targets.at(-1)!.target;
}

function notFound(message: string, nearest: string[]): StillhouseError {
  return new StillhouseError('model_not_found', message, { param: 'model', data: { nearest } });
}

function quoted(name: string): string {
  return `"${name}"`;
}
