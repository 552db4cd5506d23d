import { METADATA_HEADER } from '../../contracts/chat.ts';
import type { Caller } from '../keys/caller.ts';
import { wrong } from '../providers/chat-fields.ts';
import { countTokens, messagesWayIn } from '../ways-in/messages.ts';
import type { WayIn } from '../ways-in/way-in.ts';
import { translatedForm, translatedRefusal } from './answer-form.ts';
import { CHAT } from './call-kind.ts';
import { jsonBody, parseChatRequest } from './chat-request.ts';
import type { DataPlane } from './data-plane.ts';
import { answerCall, callerOf, type CallHandler, isLenient, refusal } from './make-call.ts';
import { readBody } from './read-body.ts';

/** A call by an API of another shape than OpenAI's chat: its request becomes the chat form, and the answer comes back from it. */
export function translatedCalls(plane: DataPlane, wayIn: WayIn): CallHandler {
  return async function answerTranslated(c) {
    try {
      const caller = callerOf(plane, c);
      const body = await readBody(c, plane.maxBodyBytes);
      const lenient = isLenient(c);
      const asked = lenient ? withoutUnknown(jsonBody(body), wayIn.fields) : jsonBody(body);
      const chat = await withPrevious(plane, caller, asked, wayIn.toChat(asked));
      const parsed = parseChatRequest(JSON.stringify(chat), c.req.header(METADATA_HEADER), lenient);
      const request = { ...parsed, translated: true, recorded: recordedAs(wayIn, asked, chat) };
      return await answerCall(plane, c, caller, { kind: CHAT, request, form: translatedForm(wayIn, asked), body });
    } catch (error) {
      return translatedRefusal(wayIn, refusal(plane, error));
    }
  };
}

/** What a response goes on from stands between its instructions and its own input. */
async function withPrevious(
  plane: DataPlane,
  caller: Caller,
  asked: Body,
  chat: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const previous = asked['previous_response_id'];
  if (previous == null) return chat;
  if (typeof previous !== 'string') throw wrong('previous_response_id', 'a text is needed');
  const messages = chat['messages'] as unknown[];
  const own = asked['instructions'] == null ? 0 : 1;
  const before = await plane.conversations.upTo(caller.project, previous);
  return { ...chat, messages: [...messages.slice(0, own), ...before, ...messages.slice(own)] };
}

/** The chat form, since datasets are made of traces; and by which API it came. */
function recordedAs({ name }: WayIn, asked: Body, chat: Record<string, unknown>): string {
  const instructed = name === 'responses' && asked['instructions'] != null;
  return JSON.stringify({ api: name, ...(instructed ? { instructed } : {}), ...chat, metadata: undefined });
}

function withoutUnknown(body: Body, known: ReadonlySet<string>): Body {
  return Object.fromEntries(Object.entries(body).filter(([field]) => known.has(field)));
}

type Body = Readonly<Record<string, unknown>>;

/** `POST /v1/messages/count_tokens`. */
export function tokenCounts(plane: DataPlane): CallHandler {
  return async function answerCount(c) {
    try {
      callerOf(plane, c);
      const counted = countTokens(withoutUnknown(jsonBody(await readBody(c, plane.maxBodyBytes)), messagesWayIn.fields));
      return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(counted) };
    } catch (error) {
      return translatedRefusal(messagesWayIn, refusal(plane, error));
    }
  };
}
