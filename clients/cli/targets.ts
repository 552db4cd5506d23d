import type { Command } from 'commander';
import type { CliContext } from './context.ts';

/** `targets`: what an alias can point to. */
export function addTargetsCommand(program: Command, context: CliContext): void {
  program
    .command('targets')
    .description('what can be called, at what price, and why not where it can not')
    .action(async () => {
      const out = context.out();
      const items = await context.connection().client.targets();
      const price = (usd: number | null) => (usd === null ? out.style('dim', '–') : `$${usd}`);
      out.print({ items }, () => {
        if (items.length === 0) return out.line('Nothing can be called yet: name a provider in stillhouse.yaml.');
        const rows = items.map((info) => [
          info.ready ? out.style('green', '●') : out.style('red', '✗'),
          info.target,
          price(info.inputUsdPerMTok),
          price(info.outputUsdPerMTok),
          info.reason,
        ]);
        const head = ['', 'target', 'in per 1M tokens', 'out per 1M tokens', 'why not'];
        out.table(head, rows, { right: ['in per 1M tokens', 'out per 1M tokens'], elastic: ['why not'] });
      });
    });
}
