import { StillhouseError } from '../../contracts/errors.ts';

/** Says that a call is to end now, and why. One listener is all that a call needs, so it is far cheaper than an AbortSignal. */
export class CancelSignal {
  aborted = false;
  /** What to do at once; set by whoever works for the call right now. */
  onAbort: (() => void) | null = null;
  #reason: StillhouseError | null = null;

  /** Without a reason: the caller went away. */
  abort(reason?: StillhouseError): void {
    if (this.aborted) return;
    this.aborted = true;
    this.#reason = reason ?? null;
    this.onAbort?.();
  }

  get reason(): StillhouseError {
    return (this.#reason ??= new StillhouseError('cancelled', 'The caller went away'));
  }
}
