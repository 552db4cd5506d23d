import { responsesAnswer } from './responses/answer.ts';
import { ResponseFrames } from './responses/frames.ts';
import { responsesToChat } from './responses/request.ts';
import type { WayIn } from './way-in.ts';

/** OpenAI's Responses (https://platform.openai.com/docs/api-reference/responses). */
export const responsesWayIn: WayIn = Object.freeze({
  name: 'responses',
  toChat: responsesToChat,
  fromCompletion: responsesAnswer,
  frames: (asked, traceId) => new ResponseFrames(asked, traceId),
  error: ({ message, type, param, code }) => ({ error: { message, type, param, code } }),
} satisfies WayIn);
