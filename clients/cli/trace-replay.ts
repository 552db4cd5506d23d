import type { Command } from 'commander';
import type { Replay, ReplayedAnswer } from '../sdk/index.ts';
import type { CliContext } from './context.ts';
import { count, milliseconds, usd } from './format.ts';
import type { Output } from './output.ts';

/** `traces replay`. */
export function addTraceReplayCommand(traces: Command, context: CliContext): void {
  traces
    .command('replay')
    .description('sends the request of a call to another target, and shows both answers; the new call is paid for')
    .argument('<id>', 'id of the trace')
    .requiredOption('--to <target>', "a provider's model, a student or an alias")
    .option('--lenient', "leave out what the target can't do")
    .action(async (id: string, { to, lenient = false }: { to: string; lenient?: boolean }) => {
      const out = context.out();
      const replay = await context.connection().client.traces.replay(id, { target: to, lenient });
      out.print(replay, () => showReplay(out, replay));
      if (replay.replay.error !== '') context.setExitCode(1);
    });
}

function showReplay(out: Output, { original, replay, same }: Replay): void {
  const rows = ([original, replay] as const).map((answer, i) => [
    i === 0 ? 'then' : 'now',
    answer.target,
    answer.error === '' ? out.style('green', 'ok') : out.style('red', String(answer.httpStatus)),
    milliseconds(answer.latencyMs),
    `${count(answer.tokensIn)} + ${count(answer.tokensOut)}`,
    usd(answer.costUsd),
    answer.traceId,
  ]);
  out.table(['', 'target', 'status', 'latency', 'tokens', 'cost', 'trace'], rows, { right: ['latency', 'tokens', 'cost'] });
  if (same) return out.line(`\nBoth answered the same:\n${said(original)}`);
  for (const answer of [original, replay]) out.line(`\n${out.style('bold', answer.target)}\n${said(answer)}`);
}

/** What it answered: its error, its text, else the whole message (tools that it calls). */
function said({ error, text, response }: ReplayedAnswer): string {
  if (error !== '') return error;
  if (text !== '') return text;
  const message = (response as { choices?: { message?: unknown }[] } | null)?.choices?.[0]?.message;
  return JSON.stringify(message ?? response, null, 2);
}
