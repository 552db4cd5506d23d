import { METADATA_HEADER } from '../../contracts/chat.ts';
import { CHAT_FORM } from './answer-form.ts';
import { CHAT } from './call-kind.ts';
import { parseChatRequest } from './chat-request.ts';
import type { DataPlane } from './data-plane.ts';
import { answerCall, callerOf, type CallHandler, isLenient, refusal } from './make-call.ts';
import { errorAnswer } from './openai-error.ts';
import { readBody } from './read-body.ts';

/** `POST /v1/chat/completions`: who asks, what for, where to; then the call. */
export function chatCompletions(plane: DataPlane): CallHandler {
  return async function answerChat(c) {
    try {
      const caller = callerOf(plane, c);
      const text = await readBody(c, plane.maxBodyBytes);
      const request = parseChatRequest(text, c.req.header(METADATA_HEADER), isLenient(c));
      return await answerCall(plane, c, caller, { kind: CHAT, request, form: CHAT_FORM, body: text });
    } catch (error) {
      return errorAnswer(refusal(plane, error));
    }
  };
}
