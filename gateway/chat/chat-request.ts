import { isLongAndDeep, MOST_LEVELS } from '../../core/json-nesting.ts';
import { GOLD_KEY, lastUserText, Metadata, METADATA_HEADER, type Message } from '../../contracts/chat.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { editFields, type FieldEdits, topLevelMembers, type JsonMember } from './json-members.ts';
import { isObject } from '../providers/chat-fields.ts';

/** As long as a target may be, and no name is longer. */
const MAX_MODEL_LENGTH = 256;

/** What a caller asked for. Only the fields that the gateway reads are looked at; the text carries the rest. */
export interface ChatRequest {
  /** The body as it came. */
  text: string;
  members: readonly JsonMember[];
  /** The body parsed; read, never changed. */
  body: Readonly<Record<string, unknown>>;
  model: string;
  messages: readonly Message[];
  stream: boolean;
  /** Whether the caller asked for the extra usage chunk of a stream. */
  usageAsked: boolean;
  /** Body field and header merged; the header wins. */
  metadata: Record<string, string>;
  /** What a provider can't do is left out instead of refused. */
  lenient: boolean;
  /** Whether it came by another API: the text is then the gateway's own. */
  translated: boolean;
  /** What is recorded: the body without the metadata that the gateway consumed. */
  recorded: string;
}

/** Parses a body and its metadata header. Throws `invalid_json` or `invalid_request` with the field's name. */
export function parseChatRequest(text: string, metadataHeader: string | undefined, lenient = false): ChatRequest {
  const body = jsonBody(text);
  const { messages } = body;
  checkModel(body);
  if (!Array.isArray(messages)) throw invalid("Missing required parameter: 'messages' (an array)", 'messages');
  if (messages.length === 0) throw invalid("Invalid 'messages': empty array; at least one message is needed", 'messages');
  messages.forEach((message: unknown, index) => {
    if (!isObject(message)) throw invalid(`Invalid 'messages[${index}]': an object is needed`, `messages[${index}]`);
  });
  return requestOf({ text, body, messages: messages as Message[], metadataHeader, lenient });
}

interface RequestParts {
  text: string;
  body: Record<string, unknown>;
  messages: readonly Message[];
  metadataHeader: string | undefined;
  lenient: boolean;
}

/** A request of a body that is well formed but for its model and metadata. */
export function requestOf({ text, body, messages, metadataHeader, lenient }: RequestParts): ChatRequest {
  const model = checkModel(body);
  const members = topLevelMembers(text);
  const options = body['stream_options'];
  return {
    text,
    members,
    body,
    model,
    messages,
    stream: body['stream'] === true,
    usageAsked: isObject(options) && options['include_usage'] === true,
    metadata: mergeMetadata(body['metadata'], metadataHeader),
    lenient,
    translated: false,
    recorded: 'metadata' in body ? editFields(text, members, { metadata: null }) : text,
  };
}

/** The request with other values of fields of its body; undefined takes one out. */
export function editedRequest(
  request: ChatRequest,
  changes: Readonly<Record<string, unknown>> & { messages?: readonly Message[] },
): ChatRequest {
  const edits = Object.fromEntries(Object.entries(changes).map(([field, value]) => [field, JSON.stringify(value) ?? null]));
  const text = editFields(request.text, request.members, edits);
  const body = Object.fromEntries(Object.entries({ ...request.body, ...changes }).filter(([, value]) => value !== undefined));
  return { ...request, text, members: topLevelMembers(text), body, messages: changes.messages ?? request.messages };
}

/** The model that a body names. Throws `invalid_request`. */
export function checkModel({ model }: Record<string, unknown>): string {
  if (typeof model !== 'string' || model === '') throw invalid('you must provide a model parameter', 'model');
  if (model.length > MAX_MODEL_LENGTH) throw invalid(`Invalid 'model': at most ${MAX_MODEL_LENGTH} characters`, 'model');
  return model;
}

/** What of a body a provider wants otherwise. */
export interface UpstreamEdits {
  fields: FieldEdits;
  /** Whether a stream's usage must be asked for. */
  streamUsage: boolean;
}

/** The body to send to a provider: its own name of the model, no metadata of ours, streamed usage asked for. */
export function upstreamBody(request: ChatRequest, model: string, { fields, streamUsage }: UpstreamEdits = AS_OPENAI): string {
  const edits: Record<string, string | null> = { ...fields, model: JSON.stringify(model) };
  if ('metadata' in request.body || request.body['store'] === true) edits['metadata'] = metadataToSend(request);
  if (!streamUsage) edits['stream_options'] = null;
  else if (request.stream && !request.usageAsked) {
    const given = request.body['stream_options'];
    edits['stream_options'] = JSON.stringify({ ...(isObject(given) ? given : {}), include_usage: true });
  }
  return editFields(request.text, request.members, edits);
}

const AS_OPENAI: UpstreamEdits = { fields: {}, streamUsage: true };

/** Text of the last user message. */
export function promptText(request: ChatRequest): string {
  return lastUserText(request.messages);
}

function metadataToSend(request: ChatRequest): string | null {
  if (request.body['store'] !== true) return null;
  const { [GOLD_KEY]: _, ...rest } = request.metadata;
  return Object.keys(rest).length > 0 ? JSON.stringify(rest) : null;
}

/** A request's body as an object. Throws `invalid_json`, and `invalid_request` for a long one that is too deep: what is shorter is told by its field. */
export function jsonBody(text: string): Record<string, unknown> {
  if (isLongAndDeep(text)) throw new StillhouseError('invalid_request', `The request's body is nested deeper than ${MOST_LEVELS} levels`);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw new StillhouseError('invalid_json', `The request's body is not JSON: ${(error as Error).message.slice(0, 200)}`, {
      cause: error,
    });
  }
  if (!isObject(body)) throw new StillhouseError('invalid_json', "The request's body must be a JSON object");
  return body;
}

/** What a call is to be found by: its body's field and the header, which wins. Throws `invalid_request`. */
export function mergeMetadata(field: unknown, header: string | undefined): Record<string, string> {
  if (field == null && header === undefined) return {};
  const fromBody = field == null ? {} : checkedMetadata(field, 'metadata');
  if (header === undefined) return fromBody;
  let parsed: unknown;
  try {
    parsed = JSON.parse(header);
  } catch (error) {
    throw new StillhouseError('invalid_request', `The header ${METADATA_HEADER} is not JSON`, { cause: error, param: METADATA_HEADER });
  }
  return checkedMetadata({ ...fromBody, ...checkedMetadata(parsed, METADATA_HEADER) }, 'metadata');
}

function checkedMetadata(value: unknown, param: string): Record<string, string> {
  const parsed = Metadata.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const at = [param, ...issue.path].join('.');
  throw invalid(`Invalid '${at}': ${issue.message} (at most 16 pairs of strings, keys up to 64 and values up to 512 characters)`, at);
}

function invalid(message: string, param: string): StillhouseError {
  return new StillhouseError('invalid_request', message, { param });
}
