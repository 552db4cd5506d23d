/**
 * Calls `stop` once when the process is asked to end: SIGINT, SIGTERM, or the end of stdin where the supervisor holds
 * it open (a child whose parent was killed must not stay behind). Exits with 0 after `stop`, with 1 where it fails or
 * takes longer than `graceMs`.
 */
export function onShutdown(stop: (reason: string) => Promise<void>, graceMs = 15_000): void {
  let stopping = false;
  const begin = (reason: string) => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), graceMs).unref();
    stop(reason).then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', () => begin('SIGINT'));
  process.on('SIGTERM', () => begin('SIGTERM'));
  if (process.env['STILLHOUSE_SUPERVISED'] === '1') {
    process.stdin.on('end', () => begin('the supervisor is gone'));
    process.stdin.on('error', () => begin('the supervisor is gone'));
    process.stdin.resume();
  }
}

/** Tells the supervisor that this part serves. Without a supervisor it does nothing. */
export function reportReady(): void {
  process.send?.({ type: 'ready' });
}
