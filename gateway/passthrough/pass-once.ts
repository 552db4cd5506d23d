import { METADATA_HEADER } from '../../contracts/chat.ts';
import type { Answer } from '../chat/answer.ts';
import type { DataPlane } from '../chat/data-plane.ts';
import type { Inbound } from '../chat/inbound.ts';
import { cancelSignal, sentBy } from '../chat/make-call.ts';
import type { Caller } from '../keys/caller.ts';
import { CancelSignal } from '../providers/cancel-signal.ts';
import { providerNamed } from './passed-request.ts';
import type { PassedCall } from './passing.ts';

/** A call that is about to be made. */
export interface Once {
  signal: CancelSignal;
  /** Whoever makes it says so here. */
  call: PassedCall | null;
}

/** Makes a call of which the whole body is there; with an `Idempotency-Key` once, and then a caller who goes away does not end it. */
export function passOnce(
  plane: DataPlane,
  c: Inbound,
  { caller, text }: { caller: Caller; text: string },
  make: (once: Once) => Promise<Answer>,
): Promise<Answer> {
  const key = c.req.header('idempotency-key');
  if (key === undefined) return make({ signal: cancelSignal(c), call: null });
  const { project, keyId } = caller;
  const parts = [c.req.path.split('?', 1)[0]!, text, c.req.header(METADATA_HEADER) ?? '', providerNamed(c) ?? ''];
  return plane.idempotency.answer({ key, project, keyId, parts }, () => {
    const once: Once = { signal: new CancelSignal(), call: null };
    return { answer: make(once), ...sentBy(() => once.call?.attempts ?? []) };
  });
}
