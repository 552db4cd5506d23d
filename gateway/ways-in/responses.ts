import { responsesAnswer } from './responses/answer.ts';
import { ResponseFrames } from './responses/frames.ts';
import { RESPONSES_FIELDS, responsesToChat } from './responses/request.ts';
import type { WayIn } from './way-in.ts';

/** OpenAI's Responses (https://platform.openai.com/docs/api-reference/responses). */
export const responsesWayIn: WayIn = Object.freeze({
  name: 'responses',
  toChat: responsesToChat,
  fields: RESPONSES_FIELDS,
  fieldNames: [
    [/^messages\b.*$/, 'input'],
    [/^max_completion_tokens$/, 'max_output_tokens'],
    [/^response_format(?:\.json_schema)?/, 'text.format'],
    [/^reasoning_effort$/, 'reasoning.effort'],
    [/^verbosity$/, 'text.verbosity'],
    [/^logprobs$/, 'top_logprobs'],
    [/^(tools\[\d+\])\.function/, '$1'],
  ],
  fromCompletion: responsesAnswer,
  frames: (asked, traceId) => new ResponseFrames(asked, traceId),
  error: ({ message, type, param, code }) => ({ error: { message, type, param, code } }),
} satisfies WayIn);
