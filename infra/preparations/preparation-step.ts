import { StillhouseError } from '../../contracts/errors.ts';
import { type CommandOptions, runCommand } from '../processes/run-command.ts';
import type { PreparationContext } from './preparation.ts';

/** How a command of a preparation is run: it ends with the preparation, and is in the ledger while it runs. */
export function stepOptions(context: PreparationContext, env: NodeJS.ProcessEnv): CommandOptions {
  return { env, ...(context.signal && { signal: context.signal }), ...(context.ledger && { ledger: context.ledger }) };
}

/** Runs one command of a preparation; throws `unavailable` with `failure` and the command's own reason. */
export async function preparationStep([program, ...args]: [string, ...string[]], failure: string, options: CommandOptions): Promise<void> {
  const { code, tail } = await runCommand(program, args, options);
  if (code === 0) return;
  const reason = tail.findLast((line) => /error|exception/i.test(line)) ?? tail.at(-1) ?? 'it said nothing';
  throw new StillhouseError('unavailable', `${failure}: ${reason.trim()}`, { retryable: true });
}
