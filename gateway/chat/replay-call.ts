import { LENIENT_HEADER } from '../../contracts/chat.ts';
import type { Caller } from '../keys/caller.ts';
import type { Answer } from './answer.ts';
import { CHAT_FORM } from './answer-form.ts';
import { CHAT } from './call-kind.ts';
import { parseChatRequest } from './chat-request.ts';
import type { DataPlane } from './data-plane.ts';
import type { Inbound } from './inbound.ts';
import { answerCall } from './make-call.ts';

/** A chat request to be made once more. */
export interface ReplayedRequest {
  /** The chat form, its model the new target. */
  body: Record<string, unknown>;
  /** The trace that it is taken from. */
  traceId: string;
  lenient: boolean;
}

/** Makes the call on behalf of `caller`, whose connection is `c`'s: who goes away cancels it. */
export type ReplayCall = (c: Inbound, caller: Caller, request: ReplayedRequest) => Promise<Answer>;

/**
 * Calls that repeat a recorded one. They are traced, priced and limited like any other, as the pipeline's: nobody's app asked,
 * so that they are kept out of clusters and datasets, and wait where apps have the gateway busy. No cache answers them.
 */
export function replayCalls(plane: DataPlane): ReplayCall {
  return async function replay(c, caller, { body, traceId, lenient }) {
    const headers: Record<string, string> = { 'cache-control': 'no-cache', ...(lenient ? { [LENIENT_HEADER]: 'true' } : {}) };
    const inbound: Inbound = {
      req: { header: (name) => headers[name], raw: c.req.raw, path: '/v1/chat/completions' },
      env: c.env,
    };
    const text = JSON.stringify(body);
    const metadata = JSON.stringify({ replay_of: traceId });
    const request = parseChatRequest(text, metadata, lenient);
    return await answerCall(plane, inbound, { ...caller, role: 'service' }, { kind: CHAT, request, form: CHAT_FORM, body: text });
  };
}
