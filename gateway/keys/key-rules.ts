import { StillhouseError } from '../../contracts/errors.ts';
import type { ApiKey } from '../../contracts/keys.ts';
import { keyInWords } from './key-in-words.ts';

/** What a key names, made ready for look-ups. */
export interface KeyRules {
  readonly aliases: ReadonlySet<string>;
  readonly models: ReadonlySet<string>;
  /** Of patterns that end with `*`, what stands before it. */
  readonly prefixes: readonly string[];
}

/** A `Caller`, as far as it matters here. */
interface Ruled {
  keyId: string;
  keyName?: string;
  rules?: KeyRules;
}

/** Where a call goes: a `Route`, or one model of a list. */
interface Destination {
  /** Empty where a target was named. */
  alias: string;
  targets: readonly string[];
}

/** The rules of a key; undefined where it names nothing, and so may call all. */
export function rulesOf({ aliases, models }: Pick<ApiKey, 'aliases' | 'models'>): KeyRules | undefined {
  if (aliases.length === 0 && models.length === 0) return undefined;
  const [patterns, exact] = [models.filter((model) => model.endsWith('*')), models.filter((model) => !model.endsWith('*'))];
  return { aliases: new Set(aliases), models: new Set(exact), prefixes: patterns.map((pattern) => pattern.slice(0, -1)) };
}

/**
 * Whether the caller's key allows it: by an alias that it names, wherever that points to, or by targets that it names, all
 * of them, fallbacks too.
 */
export function mayCall({ rules }: Ruled, { alias, targets }: Destination): boolean {
  if (rules === undefined) return true;
  if (alias !== '' && rules.aliases.has(alias)) return true;
  return targets.every((target) => rules.models.has(target) || rules.prefixes.some((prefix) => target.startsWith(prefix)));
}

/** Refuses with `forbidden` what the caller's key does not allow. */
export function checkMayCall(caller: Ruled, destination: Destination): void {
  if (mayCall(caller, destination)) return;
  const { alias, targets } = destination;
  const what = alias === '' ? `the model "${targets[0]}"` : `the alias "${alias}"`;
  const { aliases, models, prefixes } = caller.rules!;
  const allowed = [...aliases, ...models, ...prefixes.map((prefix) => `${prefix}*`)];
  const named = allowed.slice(0, 10).map((name) => `"${name}"`);
  const rest = allowed.length > named.length ? ` and ${allowed.length - named.length} more` : '';
  throw new StillhouseError('forbidden', `The key ${keyInWords(caller)} may not call ${what}: it may call ${named.join(', ')}${rest}`, {
    param: 'model',
    data: { allowed },
  });
}
