import type { StillhouseError } from '../../contracts/errors.ts';
import type { ChatCompletion } from '../providers/dialect.ts';
import { type FieldNames, inOwnNames } from '../ways-in/field-names.ts';
import type { WayIn } from '../ways-in/way-in.ts';
import type { Answer } from './answer.ts';
import { CHAT_FRAMES, type CallFrames, translatedFrames } from './call-frames.ts';
import type { Call } from './call.ts';
import { errorAnswer, openAIError, statusOf } from './openai-error.ts';

/** How a call's answer is written in the API by which it came. */
export interface AnswerForm {
  /** Whether bodies are made anew: they are JSON then, whatever the provider called its own. */
  readonly translates: boolean;
  /** A completion's text as the caller's body. */
  whole(call: Call, text: string): string;
  /** A provider's error answer. */
  fault(call: Call, status: number, text: string): string;
  frames(call: Call): CallFrames;
  /** An error of ours. */
  refusal(error: StillhouseError, headers?: Record<string, string>): Answer;
}

/** OpenAI's chat: all goes on as it came. */
export const CHAT_FORM: AnswerForm = {
  translates: false,
  whole: (_call, text) => text,
  fault: (_call, _status, text) => text,
  frames: () => CHAT_FRAMES,
  refusal: errorAnswer,
};

export function translatedForm(wayIn: WayIn, asked: Readonly<Record<string, unknown>>): AnswerForm {
  return {
    translates: true,
    whole: (call, text) => JSON.stringify(wayIn.fromCompletion(JSON.parse(text) as ChatCompletion, asked, call.id)),
    fault: (_call, status, text) => JSON.stringify(wayIn.error({ status, ...inOwnNames(faultOf(status, text), wayIn.fieldNames) })),
    frames: (call) => translatedFrames(wayIn.frames(asked, call.id)),
    // Who could not be asked for a field says so in the chat form's words.
    refusal: (error, headers = {}) => translatedRefusal(wayIn, error, headers, wayIn.fieldNames),
  };
}

/** An error of ours in the words of an API. */
export function translatedRefusal(
  wayIn: WayIn,
  error: StillhouseError,
  headers: Record<string, string> = {},
  names: FieldNames = [],
): Answer {
  const status = statusOf(error);
  const { message, type, code, param } = inOwnNames(openAIError(error).error, names);
  return { ...errorAnswer(error, headers), body: JSON.stringify(wayIn.error({ status, message, type, code, param })) };
}

function faultOf(status: number, text: string): { message: string; type: string; code: string | null; param: string | null } {
  let error: Record<string, unknown> = {};
  try {
    const body = JSON.parse(text) as { error?: unknown } | null;
    if (typeof body?.error === 'object' && body.error !== null) error = body.error as Record<string, unknown>;
    else if (typeof body?.error === 'string') error = { message: body.error };
  } catch {
    // Not JSON: the text itself is the message.
  }
  const said = (key: string) => (typeof error[key] === 'string' ? error[key] : null);
  const message = said('message') ?? (text.slice(0, 500) || `The provider answered ${status} without a word`);
  return { message, type: said('type') ?? 'api_error', code: said('code'), param: said('param') };
}
