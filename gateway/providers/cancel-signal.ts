/** Says that the caller has gone away. One listener is all that a call needs, so it is far cheaper than an AbortSignal. */
export class CancelSignal {
  aborted = false;
  /** What to do at once; set by whoever works for the call right now. */
  onAbort: (() => void) | null = null;

  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    this.onAbort?.();
  }
}
