import { type Command, InvalidArgumentError } from 'commander';
import type { KeyView, Stillhouse } from '../sdk/index.ts';
import { CliError } from './cli-error.ts';
import type { CliContext } from './context.ts';
import { ago, count, usd } from './format.ts';
import type { Output } from './output.ts';

/** What of a key can be said on the command line. */
interface KeyOptions {
  alias?: string[];
  model?: string[];
  rpm?: number | None;
  tpm?: number | None;
  usdPerDay?: number | None;
  usdPerMonth?: number | None;
  expires?: string;
}

/** No limit. The parser of options takes no null. */
export type None = 'none';

/** `keys list`, `create`, `revoke` and `limit`. */
export function addKeyCommands(program: Command, context: CliContext): void {
  const keys = program.command('keys').description('the keys that apps call with');
  keys
    .command('list', { isDefault: true })
    .description('all keys, and what they spent')
    .option('--revoked', 'revoked ones too')
    .action(async (options: { revoked?: boolean }) => {
      const out = context.out();
      const items = await context.connection().client.keys.list({ revoked: options.revoked === true });
      out.print({ items }, () => showKeys(out, items, context.now()));
    });
  withLimits(keys.command('create').description('make a key; its secret is shown once').argument('<name>')).action(
    async (name: string, options: KeyOptions) => {
      const out = context.out();
      const { aliases, models, expiresAt, limits } = changesOf(options);
      const { client } = context.connection();
      const unknown = await unknownOf(client, out, aliases);
      const made = await client.keys.create({ name, aliases, models, expiresAt, limits });
      out.print(made, () => {
        showKey(out, made);
        warnOf(out, unknown);
        out.line('');
        out.line(made.secret);
        out.line(out.style('yellow', '! This is shown once: only its hash is kept.'));
      });
    },
  );
  withLimits(keys.command('limit').description('change what a key may do; "none" takes a limit away').argument('<key>', KEY)).action(
    async (named: string, options: KeyOptions) => {
      const out = context.out();
      const { client } = context.connection();
      const changes = changesOf(options);
      const unknown = await unknownOf(client, out, changes.aliases);
      const changed = await client.keys.change(await idOf(client, named), changes);
      out.print(changed, () => {
        showKey(out, changed);
        warnOf(out, unknown);
      });
    },
  );
  keys
    .command('revoke')
    .description('end a key; it can not be brought back')
    .argument('<key>', KEY)
    .option('--reason <text>', 'why, for the history', '')
    .action(async (named: string, options: { reason: string }) => {
      const out = context.out();
      const { client } = context.connection();
      const revoked = await client.keys.revoke(await idOf(client, named), options.reason);
      out.print(revoked, () => out.line(`"${revoked.name}" (${revoked.id}) is revoked.`));
    });
}

const KEY = 'its name or id';

function withLimits(command: Command): Command {
  return command
    .option('--alias <names...>', 'aliases that it may call; with no alias and no model: all', splitNames)
    .option('--model <targets...>', 'models that it may call: provider/model, provider/*, student/*', splitNames)
    .option('--rpm <requests>', 'requests a minute', wholeOrNone)
    .option('--tpm <tokens>', 'tokens a minute', wholeOrNone)
    .option('--usd-per-day <dollars>', "dollars a day (UTC's)", dollarsOrNone)
    .option('--usd-per-month <dollars>', "dollars a month (UTC's)", dollarsOrNone)
    .option('--expires <time>', 'when it ends, e.g. 2027-01-31T00:00:00Z', timeOrNone);
}

/** What was said; what was not stays as it is. */
function changesOf({ alias, model, rpm, tpm, usdPerDay, usdPerMonth, expires }: KeyOptions) {
  const limits = {
    requestsPerMinute: orNull(rpm),
    tokensPerMinute: orNull(tpm),
    usdPerDay: orNull(usdPerDay),
    usdPerMonth: orNull(usdPerMonth),
  };
  return { aliases: alias, models: model, expiresAt: expires === 'none' ? null : expires, limits };
}

/** The aliases that there are not: allowed, for they may be made later, but a misspelt name looks like this too. */
async function unknownOf(client: Stillhouse, out: Output, aliases: readonly string[] = []): Promise<string[]> {
  if (out.json || aliases.length === 0) return [];
  const known = new Set((await client.aliases.list()).map(({ name }) => name));
  return aliases.filter((alias) => !known.has(alias));
}

function warnOf(out: Output, unknown: readonly string[]): void {
  for (const alias of unknown)
    out.line(out.style('yellow', `! There is no alias "${alias}" as things stand: the key can call it once there is one.`));
}

/** As the API has it. */
export function orNull(limit: number | None | undefined): number | null | undefined {
  return limit === 'none' ? null : limit;
}

/** A key by its id, or by its name among those that are not revoked. */
async function idOf(client: Stillhouse, named: string): Promise<string> {
  if (named.startsWith('key_')) return named;
  const found = (await client.keys.list()).find((key) => key.name === named);
  if (!found) throw new CliError(`There is no key named "${named}". "stillhouse keys list" shows those there are.`);
  return found.id;
}

/** A key's id, where its name is said instead; what is neither (`admin`, an id) stays as it is. */
export async function keyNamed(client: Stillhouse, named: string): Promise<string> {
  if (named.startsWith('key_')) return named;
  return (await client.keys.list()).find((key) => key.name === named)?.id ?? named;
}

function showKeys(out: Output, items: readonly KeyView[], nowMs: number): void {
  if (items.length === 0) return out.line('No keys yet. "stillhouse keys create <name>" makes one.');
  const rows = items.map((key) => [
    key.name,
    key.id,
    `${key.hint}…`,
    mayCall(key),
    limitsOf(key),
    key.spent ? usd(key.spent.todayUsd) : '–',
    key.spent ? usd(key.spent.monthUsd) : '–',
    key.revokedAt ? out.style('red', `revoked ${ago(key.revokedAt, nowMs)}`) : ago(key.createdAt, nowMs),
  ]);
  const head = ['name', 'id', 'key', 'may call', 'limits', 'today', 'month', 'since'];
  out.table(head, rows, { right: ['today', 'month'], elastic: ['may call', 'limits'] });
}

function showKey(out: Output, key: KeyView): void {
  out.facts([
    ['key', out.style('bold', key.name)],
    ['id', key.id],
    ['project', key.project],
    ['may call', mayCall(key)],
    ['limits', limitsOf(key)],
    ['spent', key.spent ? `${usd(key.spent.todayUsd)} today, ${usd(key.spent.monthUsd)} this month` : ''],
    ['unpriced', key.spent?.unpricedCalls ? `${count(key.spent.unpricedCalls)} calls this month` : ''],
    ['expires', key.expiresAt ?? ''],
  ]);
}

function mayCall({ aliases, models }: KeyView): string {
  return [...aliases, ...models].join(', ') || 'all';
}

function limitsOf({ limits }: KeyView): string {
  const parts = [
    limits.requestsPerMinute === null ? null : `${count(limits.requestsPerMinute)} requests/min`,
    limits.tokensPerMinute === null ? null : `${count(limits.tokensPerMinute)} tokens/min`,
    limits.usdPerDay === null ? null : `${usd(limits.usdPerDay)}/day`,
    limits.usdPerMonth === null ? null : `${usd(limits.usdPerMonth)}/month`,
  ];
  return parts.filter((part) => part !== null).join(', ') || 'none';
}

/** `none` is an empty list: what it may call is all. Names may be divided by commas too. */
function splitNames(text: string, before: string[] | undefined): string[] {
  return text === 'none' ? [] : [...(before ?? []), ...text.split(',').filter((name) => name !== '')];
}

/** Also of an alias's cache and hedge. */
export function wholeOrNone(text: string): number | None {
  if (text === 'none') return text;
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('must be a whole number from 1 on, or "none".');
  return Number(text);
}

/** Also of a project's budget. */
export function dollarsOrNone(text: string): number | None {
  if (text === 'none') return text;
  const amount = Number(text);
  if (!(amount > 0 && Number.isFinite(amount))) throw new InvalidArgumentError('must be an amount of dollars, e.g. 2.50, or "none".');
  return amount;
}

function timeOrNone(text: string): string {
  if (text === 'none') return text;
  if (Number.isNaN(Date.parse(text))) throw new InvalidArgumentError('must be a time, e.g. 2027-01-31T00:00:00Z, or "none".');
  return new Date(text).toISOString();
}
