import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import { usd } from './format.ts';

/** `webhooks list` and `webhooks test`. */
export function addWebhookCommands(program: Command, context: CliContext): void {
  const webhooks = program.command('webhooks').description('who is told of clusters that are worth distilling');
  webhooks
    .command('list', { isDefault: true })
    .description('as stillhouse.yaml names them')
    .action(async () => {
      const out = context.out();
      const items = await context.connection().client.webhooks.list();
      out.print({ items }, () => {
        if (items.length === 0) return out.line('None. They are named under "webhooks" in stillhouse.yaml.');
        const rows = items.map(({ id, origin, signed, minSavingUsdPerMonth }) => [
          id,
          origin,
          signed ? 'yes' : 'no',
          `${usd(minSavingUsdPerMonth)} a month`,
        ]);
        out.table(['id', 'where', 'signed', 'told from a saving of'], rows, {});
      });
    });
  webhooks
    .command('test')
    .description('send it a test event')
    .argument('<id>')
    .action(async (id: string) => {
      const out = context.out();
      const delivery = await context.connection().client.webhooks.test(id);
      out.print(delivery, () => out.line(`Taken, with ${delivery.status} (${delivery.id}).`));
    });
}
