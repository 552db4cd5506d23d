import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { parseTarget } from '../../contracts/identifiers.ts';
import { type AliasVersion, type Stillhouse, StillhouseApiError, type TargetInfo } from '../sdk/index.ts';
import type { CliContext } from './context.ts';
import { ago } from './format.ts';
import { type None, wholeOrNone } from './keys.ts';
import type { Output } from './output.ts';
import { wholeNumber } from './traces.ts';

interface Weighted {
  target: string;
  weight: number;
}

interface SetOptions {
  fallback: string[];
  cache?: number | None;
  hedge?: number | None;
  reason: string;
}

/** `alias list`, `show`, `set`, `delete`, `versions` and `rollback`. */
export function addAliasCommands(program: Command, context: CliContext): void {
  const alias = program.command('alias').description('the names that apps call');
  alias
    .command('list', { isDefault: true })
    .description('all aliases')
    .action(async () => {
      const out = context.out();
      const items = await context.connection().client.aliases.list();
      out.print({ items }, () =>
        showVersions(out, items, context.now(), 'No aliases yet. "stillhouse alias set <name> <provider/model>" makes one.'),
      );
    });
  alias
    .command('show')
    .argument('<name>')
    .action(async (name: string) => {
      const out = context.out();
      const found = await context.connection().client.aliases.get(name);
      out.print(found, () => showAlias(out, found, context.now()));
    });
  alias
    .command('set')
    .description('point an alias to one target, or to several with weights')
    .argument('<name>')
    .argument('<targets...>', 'provider/model or student/name, with =weight where there are several', weightedTarget)
    .option(
      '--fallback <target>',
      'tried when the target fails; may be repeated',
      (target: string, before: string[]) => [...before, target],
      [],
    )
    .option('--cache <seconds>', 'answer the very same request from its earlier answer, for so long; "none" ends it', wholeOrNone)
    .option(
      '--hedge <ms>',
      'where the target has not begun to answer after so long, ask the first fallback as well; "none" ends it',
      wholeOrNone,
    )
    .option('--reason <text>', 'why, for the history', '')
    .action(async (name: string, targets: Weighted[], options: SetOptions) => {
      const out = context.out();
      const { client } = context.connection();
      const [known, providers] = out.json ? [[], []] : await Promise.all([client.targets(), client.providers()]);
      const settings = await settingsOf(client, name, options);
      const set = await client.aliases.set(name, { targets, fallbacks: options.fallback, ...settings, reason: options.reason });
      out.print(set, () => {
        showAlias(out, set, context.now());
        for (const target of unpriced(set, known))
          out.line(out.style('yellow', `! ${target} has no price in stillhouse.yaml: its calls will be unpriced.`));
        for (const { id, ready, reason } of providers)
          if (!ready && targetsNamed(set).some((target) => target.startsWith(`${id}/`)))
            out.line(out.style('yellow', `! As things stand, "${id}" can't be called. ${reason}`));
      });
    });
  alias
    .command('delete')
    .description('delete an alias; a rollback brings it back')
    .argument('<name>')
    .option('--reason <text>', 'why, for the history', '')
    .action(async (name: string, options: { reason: string }) => {
      const out = context.out();
      const deleted = await context.connection().client.aliases.delete(name, options.reason);
      out.print(deleted, () =>
        out.line(`"${name}" is deleted (version ${deleted.version}). "stillhouse alias rollback ${name}" brings it back.`),
      );
    });
  addHistoryCommands(alias, context);
}

function addHistoryCommands(alias: Command, context: CliContext): void {
  alias
    .command('versions')
    .description('what an alias has pointed to, newest first')
    .argument('<name>')
    .action(async (name: string) => {
      const out = context.out();
      const items = await context.connection().client.aliases.versions(name);
      out.print({ items }, () => showVersions(out, items, context.now(), 'No versions.'));
    });
  alias
    .command('rollback')
    .description('bring an earlier version back')
    .argument('<name>')
    .option('--to <version>', 'default: the version before the current one', wholeNumber)
    .option('--reason <text>', 'why, for the history', '')
    .action(async (name: string, options: { to?: number; reason: string }) => {
      const out = context.out();
      const version = options.to === undefined ? {} : { version: options.to };
      const rolledBack = await context.connection().client.aliases.rollback(name, { ...version, reason: options.reason });
      out.print(rolledBack, () => showAlias(out, rolledBack, context.now()));
    });
}

/** Cache and hedge as they were said; what was not said stays as the alias has it. */
async function settingsOf(client: Stillhouse, name: string, said: SetOptions) {
  const stands = said.cache === undefined || said.hedge === undefined ? await standing(client, name) : null;
  const cache = said.cache === undefined ? stands?.cache : said.cache === 'none' ? undefined : { ttlSeconds: said.cache };
  const hedge = said.hedge === undefined ? stands?.hedge : said.hedge === 'none' ? undefined : { afterMs: said.hedge };
  return { ...(cache ? { cache } : {}), ...(hedge ? { hedge } : {}) };
}

/** The alias that stands; null where it is to be made. */
async function standing(client: Stillhouse, name: string): Promise<AliasVersion | null> {
  try {
    return await client.aliases.get(name);
  } catch (error) {
    if (error instanceof StillhouseApiError && error.status === 404) return null;
    throw error;
  }
}

/** The providers' models of an alias that are not priced: allowed, but a misspelt name looks like this too. */
function unpriced(alias: AliasVersion, known: readonly TargetInfo[]): string[] {
  const priced = new Set(known.filter((info) => info.inputUsdPerMTok !== null).map((info) => info.target));
  return targetsNamed(alias).filter((target) => parseTarget(target)?.kind === 'provider' && !priced.has(target));
}

function targetsNamed(alias: AliasVersion): string[] {
  return [...new Set([...alias.targets.map(({ target }) => target), ...alias.fallbacks])];
}

/** `target` or `target=weight`. */
function weightedTarget(text: string, before: Weighted[] | undefined): Weighted[] {
  const [, target = text, weight] = /^(.+)=(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (!/^[^/\s]+\/\S+$/.test(target)) throw new InvalidArgumentError('must be provider/model or student/name, e.g. openai/gpt-4o=90.');
  return [...(before ?? []), { target, weight: weight === undefined ? 1 : Number(weight) }];
}

function targetsOf(out: Output, version: AliasVersion): string {
  if (version.deleted) return out.style('red', 'deleted');
  const total = version.targets.reduce((sum, { weight }) => sum + weight, 0);
  return version.targets
    .map(({ target, weight }) => (version.targets.length > 1 ? `${target} ${Math.round((weight / total) * 100)} %` : target))
    .join(', ');
}

function showVersions(out: Output, items: readonly AliasVersion[], nowMs: number, none: string): void {
  if (items.length === 0) return out.line(none);
  const rows = items.map((version) => [
    version.name,
    String(version.version),
    targetsOf(out, version),
    version.fallbacks.join(', ') || out.style('dim', '–'),
    version.cache ? `${version.cache.ttlSeconds} s` : out.style('dim', '–'),
    version.hedge ? `${version.hedge.afterMs} ms` : out.style('dim', '–'),
    ago(version.createdAt, nowMs),
    version.actor || out.style('dim', '–'),
    version.reason,
  ]);
  out.table(['name', 'version', 'targets', 'fallbacks', 'cache', 'hedge', 'since', 'by', 'reason'], rows, {
    right: ['version', 'cache', 'hedge'],
    elastic: ['reason'],
  });
}

function showAlias(out: Output, alias: AliasVersion, nowMs: number): void {
  out.facts([
    ['alias', out.style('bold', alias.name)],
    ['version', String(alias.version)],
    ['targets', targetsOf(out, alias)],
    ['fallbacks', alias.fallbacks.join(', ')],
    ...(alias.hedge ? [['hedged', `after ${alias.hedge.afterMs} ms`] satisfies [string, string]] : []),
    ...(alias.cache ? [['cache', `${alias.cache.ttlSeconds} s`] satisfies [string, string]] : []),
    ['since', ago(alias.createdAt, nowMs)],
    ['by', alias.actor],
    ['reason', alias.reason],
  ]);
}
