import type { StillhouseError } from '../../contracts/errors.ts';
import type { AttemptRow } from '../../contracts/traces.ts';
import type { Callable } from '../providers/catalogue.ts';
import type { CancelSignal } from '../providers/cancel-signal.ts';
import type { ProviderAnswer } from '../providers/provider.ts';
import type { CompletionFacts } from './completion-facts.ts';
import type { OpenedStream } from './open-stream.ts';

/** The answer that a call gets, good or bad, and who gave it. */
export type Answered = { callable: Callable; attempt: AttemptRow; signal: CancelSignal } & (
  | { form: 'whole'; answer: Extract<ProviderAnswer, { form: 'whole' }>; facts: CompletionFacts | null }
  // `beganMs`: `performance.now()` when it was asked.
  | { form: 'stream'; answer: Extract<ProviderAnswer, { form: 'stream' }>; opened: OpenedStream; beganMs: number }
);

/** An attempt that failed: our error, or the provider's own answer. */
export interface Failed {
  failure: StillhouseError;
  attempt: AttemptRow;
  answered: Answered | null;
  /** So long the provider wants to be spared; null where it says nothing of it. */
  waitMs: number | null;
  /** It lies with the request, or with what this target can do of it: it takes no place from what another one said before. */
  isOfRequest: boolean;
  /** Another target would say the same: where it is the first that was asked, no other is. */
  endsCall: boolean;
}
