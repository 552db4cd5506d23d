import { METADATA_HEADER } from '../../contracts/chat.ts';
import { CHAT_FORM } from '../chat/answer-form.ts';
import type { DataPlane } from '../chat/data-plane.ts';
import { answerCall, callerOf, type CallHandler, isLenient, refusal } from '../chat/make-call.ts';
import { errorAnswer } from '../chat/openai-error.ts';
import { readBody } from '../chat/read-body.ts';
import { EMBEDDINGS } from './embeddings-kind.ts';
import { parseEmbeddingsRequest } from './embeddings-request.ts';

/** `POST /v1/embeddings`. */
export function embeddings(plane: DataPlane): CallHandler {
  return async function answerEmbeddings(c) {
    try {
      const caller = callerOf(plane, c);
      const text = await readBody(c, plane.maxBodyBytes);
      const request = parseEmbeddingsRequest(text, c.req.header(METADATA_HEADER), isLenient(c));
      return await answerCall(plane, c, caller, { kind: EMBEDDINGS, request, form: CHAT_FORM, body: text });
    } catch (error) {
      return errorAnswer(refusal(plane, error));
    }
  };
}
