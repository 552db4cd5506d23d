import { hasEnded } from '../sdk/index.ts';
import type { Distillation, DistillationUpdate } from '../sdk/index.ts';
import { CliError } from './cli-error.ts';
import type { CliContext } from './context.ts';
import type { Output } from './output.ts';
import { showReportCard } from './report-card.ts';
import { stageLines } from './stage-lines.ts';

const FRAME_MS = 120;

/** Follows a run until it has ended: redrawn stage lines on a terminal, a line an event elsewhere, JSON lines with `--json`. */
export async function watchRun(context: CliContext, name: string): Promise<void> {
  const out = context.out();
  const stopped = new AbortController();
  const stop = () => stopped.abort();
  process.once('SIGINT', stop);
  try {
    const last = await follow(context, out, name, stopped.signal);
    if (!out.json) {
      out.line();
      showReportCard(out, last);
    }
    if (last.status !== 'completed') context.setExitCode(1);
  } catch (error) {
    if (!stopped.signal.aborted) throw error;
    if (!out.json) out.line(`\nThe run goes on. "stillhouse distillations watch ${name}" follows it again.`);
    context.setExitCode(130);
  } finally {
    process.off('SIGINT', stop);
  }
}

async function follow(context: CliContext, out: Output, name: string, signal: AbortSignal): Promise<Distillation> {
  const board = out.live ? new Board(out, context.now) : null;
  let last: Distillation | null = null;
  try {
    for await (const update of context.connection().client.distillations.follow(name, { signal })) {
      if (update.kind === 'state') last = update.state;
      if (out.json) out.line(JSON.stringify(update));
      else if (board) board.show(update);
      else if (update.kind === 'event')
        out.line(`${update.event.at.slice(11, 19)}  ${(update.event.stage ?? '').padEnd(9)} ${update.event.message}`);
    }
  } finally {
    board?.end();
  }
  if (last && hasEnded(last)) return last;
  throw new CliError(`The stream of "${name}" ended before the run did; "stillhouse distillations watch ${name}" follows it again.`);
}

/** Lines at the end of a terminal that are drawn again and again. */
class Board {
  readonly #out: Output;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  #run: Distillation | null = null;
  #drawn = 0;
  #frame = 0;
  constructor(out: Output, now: () => number) {
    this.#out = out;
    this.#now = now;
    this.#timer = setInterval(() => this.#draw(), FRAME_MS);
    out.screen.write('\u001b[?25l');
  }

  /** Takes a new state; a warning stays above the lines. */
  show(update: DistillationUpdate): void {
    if (update.kind === 'state') this.#run = update.state;
    else if (update.event.kind === 'warning') {
      this.#wipe();
      this.#out.line(this.#out.style('yellow', `! ${update.event.message}`));
    }
    this.#draw();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#draw();
    this.#out.screen.write('\u001b[?25h');
  }

  #wipe(): void {
    if (this.#drawn > 0) this.#out.screen.write(`\u001b[${this.#drawn}A\u001b[J`);
    this.#drawn = 0;
  }

  #draw(): void {
    if (!this.#run) return;
    const lines = stageLines(this.#out, this.#run, this.#now(), this.#frame++);
    this.#wipe();
    // a line that wraps would be counted once and drawn twice
    this.#out.screen.write(`\u001b[?7l${lines.join('\n')}\n\u001b[?7h`);
    this.#drawn = lines.length;
  }
}
