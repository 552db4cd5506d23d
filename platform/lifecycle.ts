import { StillhouseError } from '../contracts/errors.ts';

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
  if (isSupervised()) {
    process.stdin.on('end', () => begin('the supervisor is gone'));
    process.stdin.on('error', () => begin('the supervisor is gone'));
    process.stdin.resume();
  }
}

/** Tells the supervisor that this part serves. Without a supervisor it does nothing. */
export function reportReady(): void {
  process.send?.({ type: 'ready' });
}

/** What a supervisor builds or downloads when a part first needs it, because not everybody does. */
export const PREPARATIONS = ['language-model-students'] as const;
export type Preparation = (typeof PREPARATIONS)[number];

/** What the supervisor tells a part of a preparation that it asked for. */
export interface PreparationMessage {
  type: 'preparation';
  what: Preparation;
  state: 'under-way' | 'ready' | 'failed';
  /** How far it is, or why it failed. */
  text: string;
}

/** How a part waits for a preparation. */
export interface PreparationWait {
  signal?: AbortSignal;
  /** How far it is, in words for people. */
  onProgress?: (text: string) => void;
}

/**
 * Asks the supervisor for a preparation. Resolves with true once it is there, and with false at once where no supervisor
 * is: then it must be there already. Rejects with `unavailable` where it failed, and with the signal's reason. Asking
 * again joins what is under way, and what is under way goes on when the part that asked ends.
 */
export function requestPreparation(what: Preparation, { signal, onProgress }: PreparationWait = {}): Promise<boolean> {
  if (!isSupervised() || !process.send) return Promise.resolve(false);
  return new Promise<boolean>((done, fail) => {
    const end = () => {
      process.off('message', onMessage);
      signal?.removeEventListener('abort', onAbort);
    };
    const onAbort = () => (end(), fail(signal!.reason as Error));
    const onMessage = (message: unknown) => {
      const { type, what: of, state, text } = message as PreparationMessage;
      if (type !== 'preparation' || of !== what) return;
      if (state === 'under-way') return onProgress?.(text);
      end();
      if (state === 'ready') done(true);
      else fail(new StillhouseError('unavailable', text, { retryable: true }));
    };
    if (signal?.aborted) return onAbort();
    signal?.addEventListener('abort', onAbort);
    process.on('message', onMessage);
    process.send!({ type: 'need', what });
  });
}

function isSupervised(): boolean {
  return process.env['STILLHOUSE_SUPERVISED'] === '1';
}
