import type { AttemptRow } from '../../contracts/traces.ts';
import type { Call } from '../chat/call.ts';
import type { NamedKind } from '../chat/call-kind.ts';
import type { CancelSignal } from '../providers/cancel-signal.ts';
import type { Callable } from '../providers/catalogue.ts';
import type { MediaUsage, PassedAnswer, PassedRequest } from '../providers/provider.ts';

/** A provider's answer, good or bad, of which the head is there. */
export interface Asked {
  answer: PassedAnswer;
  callable: Callable;
  attempt: AttemptRow;
}

/** A call that is passed through. */
export type PassedCall = Call<NamedKind>;

/** How one is passed. */
export interface Passing {
  signal: CancelSignal;
  /** What goes to a target, by the provider's own name of the model. */
  request: (model: string) => Omit<PassedRequest, 'signal'>;
  /**
   * When it may be sent again: `always` as chat is; `unsent` where the provider has surely not done it, for done twice it would be there
   * twice; `never`: a body that goes through is gone.
   */
  again: 'always' | 'unsent' | 'never';
  /** Of a body that goes through: whether nothing of it has gone up. Absent: it can be sent as often as one likes. */
  isUntouched?: () => boolean;
  /** What it may use at most; the dearest counts. */
  worst: readonly MediaUsage[];
  /** The same of a body of so many bytes, once that is known. */
  worstOf?: (bytes: number) => readonly MediaUsage[];
  /** What it uses for sure, whatever its answer says. */
  told?: MediaUsage;
  /** A trace keeps so many bytes of a text in the answer. */
  longestString: number;
  /** What the trace keeps of the request, once it has gone up. */
  recorded: () => string;
  requestBytes: () => number;
  /** Whether a provider that was asked has got all of it, and so may do it though nobody waits any more. */
  isSent: () => boolean;
  /** It costs nothing, as its provider says: what it begins, or asks about, is paid for elsewhere. Absent: nobody knows. */
  isFree?: boolean;
  /** The trace keeps nothing of the answer but its size. */
  isContent?: boolean;
  /** What must be looked at once it is let in and before anybody is asked. */
  check?: (call: PassedCall) => Promise<void>;
  /** How it is asked, where that is not one request to its target. */
  ask?: (call: PassedCall) => Promise<Asked>;
  /** Of an answer that is about to be a success, and is held: what must be done before it goes out. Absent: the answer goes through. */
  held?: (text: string, callable: Callable) => Promise<void>;
}
