import type { Command } from 'commander';
import type { ProviderHour, ProviderModel, ProviderView } from '../sdk/index.ts';
import { CliError } from './cli-error.ts';
import type { CliContext } from './context.ts';
import { ago, count, duration, milliseconds, percent } from './format.ts';
import type { Output } from './output.ts';

/** `providers list`, `show`, `set-key` and `remove-key`. */
export function addProviderCommands(program: Command, context: CliContext): void {
  const providers = program.command('providers').description('who is called, and how it does');
  providers
    .command('list', { isDefault: true })
    .description('all configured providers: keys, breakers, and the last hour')
    .action(async () => {
      const out = context.out();
      const items = await context.connection().client.providers();
      out.print({ items }, () => showProviders(out, items));
    });
  providers
    .command('show')
    .description('one provider with its models, their prices and its last errors')
    .argument('<id>', 'as stillhouse.yaml has it')
    .action(async (id: string) => {
      const out = context.out();
      const items = await context.connection().client.providers();
      const found = items.find((provider) => provider.id === id);
      if (!found)
        throw new CliError(`There is no provider "${id}". Those of stillhouse.yaml: ${items.map((one) => one.id).join(', ') || 'none'}.`);
      out.print(found, () => showProvider(out, found, context.now()));
    });
  addKeyCommands(providers, context);
}

/** A key comes by the standard input, never by an argument: those stand in the shell's history and in the list of processes. */
function addKeyCommands(providers: Command, context: CliContext): void {
  providers
    .command('set-key')
    .description('store a provider\'s key, encrypted: typed when asked for, or from standard input ("< key.txt")')
    .argument('<id>', 'as stillhouse.yaml has it')
    .action(async (id: string) => {
      const out = context.out();
      const { client } = context.connection();
      const set = await client.providerKeys.set(id, await context.readSecret(`The key of ${id} (it is not shown): `));
      out.print(set, () => out.line(`The key of ${id} is stored, encrypted. Every gateway uses it within a second.`));
    });
  providers
    .command('remove-key')
    .description("take a stored key away; the environment's counts again")
    .argument('<id>')
    .action(async (id: string) => {
      const out = context.out();
      const removed = await context.connection().client.providerKeys.remove(id);
      const now = removed.from === 'environment' ? "The environment's key counts again." : 'It has no key now.';
      out.print(removed, () => out.line(`The stored key of ${id} is gone. ${now}`));
    });
}

function showProviders(out: Output, items: readonly ProviderView[]): void {
  if (items.length === 0) return out.line('No provider yet: name one in stillhouse.yaml.');
  const rows = items.map((provider) => [
    provider.ready ? out.style('green', '●') : out.style('red', '✗'),
    provider.id,
    provider.kind,
    keyInWords(provider),
    count(provider.models.length),
    ...hourInWords(provider.lastHour),
    breakersInWords(out, provider.models),
    provider.reason,
  ]);
  const head = ['', 'provider', 'kind', 'key', 'models', ...HOUR, 'breakers', 'why not'];
  out.table(head, rows, { right: ['models', ...HOUR], elastic: ['why not'] });
  out.line(out.style('dim', '\nAttempts of the last hour.'));
}

function showProvider(out: Output, provider: ProviderView, nowMs: number): void {
  const { key, lastHour } = provider;
  out.facts([
    ['provider', out.style('bold', provider.id)],
    ['kind', provider.kind],
    ['key', key.variable === null ? keyInWords(provider) : `${keyInWords(provider)} (${key.variable})`],
    ['ready', provider.ready ? 'yes' : `${out.style('red', 'no')}  ${provider.reason}`],
    [
      'last hour',
      lastHour
        ? hourInWords(lastHour)
            .map((value, i) => `${HOUR[i]} ${value}`)
            .join(', ')
        : 'not known: ClickHouse is down',
    ],
  ]);
  if (provider.models.length > 0) {
    const price = (perMTok: number | null) => (perMTok === null ? '–' : `$${perMTok}`);
    const rows = provider.models.map((model) => [
      model.configured ? model.target : `${model.target} (not in stillhouse.yaml)`,
      price(model.inputUsdPerMTok),
      price(model.outputUsdPerMTok),
      breakerInWords(out, model),
      ...hourInWords(model.lastHour),
    ]);
    const prices = ['in per 1M tokens', 'out per 1M tokens'];
    out.line();
    out.table(['model', ...prices, 'breaker', ...HOUR], rows, { right: [...prices, ...HOUR] });
  }
  if (!provider.lastErrors?.length) return;
  out.line(`\n${out.style('bold', 'Last errors')}`);
  const errors = provider.lastErrors.map(({ at, target, status, errorClass, traceId }) => [
    ago(at, nowMs),
    target,
    status === 0 ? 'no answer' : String(status),
    out.style('red', errorClass),
    traceId,
  ]);
  out.table(['when', 'model', 'http', 'error', 'trace'], errors);
}

const HOUR = ['attempts', 'errors', 'p50', 'p95'];

function hourInWords(hour: ProviderHour | null): string[] {
  if (!hour) return HOUR.map(() => '–');
  const errors = hour.errors > 0 && hour.errorRate !== null ? `${count(hour.errors)} (${percent(hour.errorRate)})` : count(hour.errors);
  return [count(hour.attempts), errors, milliseconds(hour.p50Ms), milliseconds(hour.p95Ms)];
}

function keyInWords({ kind, key: { set, from, variable } }: ProviderView): string {
  if (set) return from === 'api' ? 'set by the API' : 'in the environment';
  if (variable !== null) return 'missing';
  return kind === 'bedrock' ? 'AWS’s own' : 'none needed';
}

/** How many do not take calls; a provider has many models, and most are well. */
function breakersInWords(out: Output, models: readonly ProviderModel[]): string {
  const open = models.filter(({ breaker }) => breaker === 'open').length;
  const probing = models.filter(({ breaker }) => breaker === 'half-open').length;
  if (open + probing === 0) return 'closed';
  const parts = [open > 0 ? [out.style('red', `${open} open`)] : [], probing > 0 ? [out.style('yellow', `${probing} half open`)] : []];
  return parts.flat().join(', ');
}

function breakerInWords(out: Output, { breaker, probeInMs }: ProviderModel): string {
  if (breaker === 'open') return out.style('red', `open, tried again in ${duration(probeInMs)}`);
  return breaker === 'half-open' ? out.style('yellow', 'half open') : 'closed';
}
