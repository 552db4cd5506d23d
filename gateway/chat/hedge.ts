import { StillhouseError } from '../../contracts/errors.ts';
import type { AttemptRow } from '../../contracts/traces.ts';
import { CancelSignal } from '../providers/cancel-signal.ts';
import type { Answered, Failed } from './answered.ts';
import { newAttempt } from './new-attempt.ts';

/** One of the targets that are asked at once. */
export class Contender {
  readonly target: string;
  readonly attempt: AttemptRow;
  readonly signal = new CancelSignal();
  /** What came of it, or what it threw. */
  readonly settled: Promise<{ contender: Contender } & ({ result: Answered | Failed } | { error: unknown })>;
  isCancelled = false;
  failed: Failed | null = null;
  readonly #beganMs = performance.now();

  constructor(target: string, ask: (attempt: AttemptRow, signal: CancelSignal) => Promise<Answered | Failed>) {
    this.target = target;
    this.attempt = newAttempt(target);
    this.settled = ask(this.attempt, this.signal).then(
      (result) => ({ contender: this, result }),
      (error: unknown) => ({ contender: this, error }),
    );
  }

  /** What came of it; null where it takes longer. */
  async within(ms: number): Promise<Awaited<Contender['settled']> | null> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => (timer = setTimeout(resolve, ms, null)));
    const first = await Promise.race([this.settled, late]);
    clearTimeout(timer);
    return first;
  }

  /** Another was faster. What it still says is not waited for. */
  cancel(): void {
    this.isCancelled = true;
    this.attempt.error_class = 'cancelled';
    this.attempt.latency_ms = Math.round(performance.now() - this.#beganMs);
    this.signal.abort(new StillhouseError('cancelled', 'Another target answered first'));
    void this.settled.then((late) => {
      if ('result' in late && 'form' in late.result && late.result.form === 'stream') late.result.opened.close({ cut: true });
    });
  }
}

/**
 * The first good answer; the others are cancelled. Where none has one, what came of the first contender: it is the one that would
 * have been asked alone, and a fault of another must not take its place.
 */
export async function firstOf(contenders: readonly Contender[]): Promise<Answered | Failed> {
  const left = new Set(contenders);
  while (left.size > 0) {
    const settled = await Promise.race([...left].map((one) => one.settled));
    left.delete(settled.contender);
    if ('error' in settled) continue;
    const { contender, result } = settled;
    if (!('form' in result)) contender.failed = result;
    else {
      for (const other of left) other.cancel();
      return result;
    }
  }
  const own = await contenders[0]!.settled;
  if ('error' in own) throw own.error;
  return own.result;
}
