import type { AliasVersion } from '../../../../contracts/aliases.ts';
import type { UsageRow } from '../../../../contracts/usage.ts';
import { formatShare } from '../format/numbers.ts';

/** One that answers to an alias. */
export interface Answerer {
  target: string;
  /** Its share of the calls, or that it is a fallback; '' where it is the only target. */
  role: string;
  /** What it did for this alias. */
  row: UsageRow | undefined;
}

/** The targets of an alias, and those of its fallbacks that have answered; `used` is by alias, provider and model. */
export function answerersOf(alias: Pick<AliasVersion, 'name' | 'targets' | 'fallbacks'>, used: readonly UsageRow[] = []): Answerer[] {
  const rows = new Map(used.filter((row) => row.alias === alias.name).map((row) => [`${row.provider}/${row.model}`, row]));
  const total = alias.targets.reduce((sum, { weight }) => sum + weight, 0);
  const targets = alias.targets.map(({ target, weight }) => ({
    target,
    role: alias.targets.length > 1 ? formatShare(weight / total) : '',
    row: rows.get(target),
  }));
  const named = new Set(targets.map(({ target }) => target));
  const fallbacks = [...new Set(alias.fallbacks)].filter((target) => rows.has(target) && !named.has(target));
  return [...targets, ...fallbacks.map((target) => ({ target, role: 'fallback', row: rows.get(target) }))];
}
