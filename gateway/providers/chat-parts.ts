import { MOST_LEVELS, parseWritable } from '../../core/json-nesting.ts';
import { isObject, wrong } from './chat-fields.ts';

/** A part of a message's content, read from OpenAI's shape. */
export type ChatPart =
  | { kind: 'text'; text: string; cacheControl: unknown }
  | { kind: 'image'; at: string; source: DataSource | { url: string }; cacheControl: unknown }
  | { kind: 'audio'; at: string; source: DataSource; cacheControl: unknown }
  | { kind: 'file'; at: string; source: DataSource; name: string | null; cacheControl: unknown };

/** Bytes in base64, as they came. */
export interface DataSource {
  mediaType: string;
  base64: string;
}

/** A `data:` URL in base64; null for any other address. */
export function dataSource(url: string): DataSource | null {
  const [, mediaType, base64] = /^data:([\w.+-]+\/[\w.+-]+)(?:;[\w=.-]+)*;base64,([A-Za-z0-9+/=\s]*)$/.exec(url) ?? [];
  return mediaType === undefined || base64 === undefined ? null : { mediaType, base64 };
}

/** Parts of a content, a text being one. Throws `invalid_request` with the part's path for what is none of OpenAI's. */
export function chatParts(content: unknown, at: string): ChatPart[] {
  if (content == null) return [];
  if (typeof content === 'string') return [{ kind: 'text', text: content, cacheControl: undefined }];
  if (!Array.isArray(content)) throw wrong(at, 'a text or a list of parts is needed');
  return content.map((part, index) => chatPart(part, `${at}[${index}]`));
}

function chatPart(part: unknown, at: string): ChatPart {
  if (!isObject(part)) throw wrong(at, 'an object is needed');
  const cacheControl = part['cache_control'];
  switch (part['type']) {
    case 'text':
    case 'input_text':
    case 'output_text':
      if (typeof part['text'] !== 'string') throw wrong(`${at}.text`, 'a text is needed');
      return { kind: 'text', text: part['text'], cacheControl };
    case 'refusal':
      return { kind: 'text', text: typeof part['refusal'] === 'string' ? part['refusal'] : '', cacheControl };
    case 'image_url':
      return { kind: 'image', at: `${at}.image_url`, source: imageSource(part['image_url'], `${at}.image_url`), cacheControl };
    case 'input_audio':
      return { kind: 'audio', at: `${at}.input_audio`, source: audioSource(part['input_audio'], `${at}.input_audio`), cacheControl };
    case 'file':
      return { kind: 'file', at: `${at}.file`, ...fileSource(part['file'], `${at}.file`), cacheControl };
    default:
      throw wrong(
        `${at}.type`,
        `${typeof part['type'] === 'string' ? `"${part['type'].slice(0, 100)}"` : 'what is no text'} is no part of a message`,
      );
  }
}

function imageSource(image: unknown, at: string): DataSource | { url: string } {
  const url = isObject(image) ? image['url'] : image;
  if (typeof url !== 'string' || url === '') throw wrong(`${at}.url`, 'an address is needed');
  if (!url.startsWith('data:')) return { url };
  const source = dataSource(url);
  if (!source) throw wrong(`${at}.url`, 'a data URL must say its type and be in base64');
  return source;
}

function audioSource(audio: unknown, at: string): DataSource {
  if (!isObject(audio) || typeof audio['data'] !== 'string') throw wrong(`${at}.data`, 'audio in base64 is needed');
  return { mediaType: `audio/${typeof audio['format'] === 'string' ? audio['format'] : 'wav'}`, base64: audio['data'] };
}

function fileSource(file: unknown, at: string): { source: DataSource; name: string | null } {
  if (!isObject(file) || typeof file['file_data'] !== 'string') throw wrong(`${at}.file_data`, 'the file itself is needed, as a data URL');
  const source = dataSource(file['file_data']);
  if (!source) throw wrong(`${at}.file_data`, 'a data URL must say its type and be in base64');
  return { source, name: typeof file['filename'] === 'string' ? file['filename'] : null };
}

/** A tool call of an assistant's message. */
export interface AskedTool {
  id: string;
  name: string;
  /** Parsed arguments. */
  input: Record<string, unknown>;
  extra: unknown;
}

/** The tool calls of an assistant's message. Throws `invalid_request` with the path of what is malformed. */
export function askedTools(message: Readonly<Record<string, unknown>>, at: string): AskedTool[] {
  const calls = message['tool_calls'];
  if (calls == null) return [];
  if (!Array.isArray(calls)) throw wrong(`${at}.tool_calls`, 'a list is needed');
  return calls.map((call: unknown, index) => {
    const path = `${at}.tool_calls[${index}]`;
    if (!isObject(call) || typeof call['id'] !== 'string') throw wrong(`${path}.id`, 'a text is needed');
    const asked = call['function'];
    if (!isObject(asked) || typeof asked['name'] !== 'string') throw wrong(`${path}.function.name`, 'a text is needed');
    return {
      id: call['id'],
      name: asked['name'],
      input: parsedArguments(asked['arguments'], `${path}.function.arguments`),
      extra: call['extra_content'],
    };
  });
}

function parsedArguments(text: unknown, at: string): Record<string, unknown> {
  if (text === undefined || text === '') return {};
  let parsed: unknown;
  try {
    parsed = typeof text === 'string' ? parseWritable(text) : text;
  } catch {
    throw wrong(at, `JSON of at most ${MOST_LEVELS} levels is needed`);
  }
  if (!isObject(parsed)) throw wrong(at, 'an object in JSON is needed');
  return parsed;
}

export interface OfferedTool {
  name: string;
  description: string | undefined;
  /** JSON schema of the arguments. */
  parameters: Record<string, unknown>;
  strict: boolean | undefined;
  cacheControl: unknown;
}

/** The functions that a request offers. Throws `invalid_request` with the path of a tool that is no function. */
export function offeredTools(body: Readonly<Record<string, unknown>>): OfferedTool[] {
  const tools = body['tools'];
  if (tools == null) return [];
  if (!Array.isArray(tools)) throw wrong('tools', 'a list is needed');
  return tools.map((tool: unknown, index) => {
    const asked = isObject(tool) ? tool['function'] : undefined;
    if (!isObject(tool) || tool['type'] !== 'function' || !isObject(asked) || typeof asked['name'] !== 'string') {
      throw wrong(`tools[${index}]`, 'only functions with a name can be offered');
    }
    const { name, description, parameters, strict } = asked;
    return {
      name: name as string,
      description: typeof description === 'string' ? description : undefined,
      parameters: isObject(parameters) ? parameters : { type: 'object', properties: {} },
      strict: typeof strict === 'boolean' ? strict : undefined,
      cacheControl: tool['cache_control'],
    };
  });
}

/** Which tools must, may or must not be called. Throws `invalid_request` for what says nothing. */
export function toolChoice(body: Readonly<Record<string, unknown>>): 'auto' | 'none' | 'required' | { name: string } | null {
  const choice = body['tool_choice'];
  if (choice == null) return null;
  if (choice === 'auto' || choice === 'none' || choice === 'required') return choice;
  const named = isObject(choice) && isObject(choice['function']) ? choice['function']['name'] : undefined;
  if (typeof named === 'string') return { name: named };
  throw wrong('tool_choice', 'auto, none, required or a function by its name is needed');
}

/** `stop` as a list. */
export function stopTexts(body: Readonly<Record<string, unknown>>): string[] {
  const stop = body['stop'];
  if (stop == null) return [];
  const texts = Array.isArray(stop) ? stop : [stop];
  if (!texts.every((one) => typeof one === 'string')) throw wrong('stop', 'a text or a list of texts is needed');
  return texts as string[];
}

/** `max_completion_tokens`, or its older name. */
export function mostTokens(body: Readonly<Record<string, unknown>>): number | undefined {
  const most = body['max_completion_tokens'] ?? body['max_tokens'];
  if (most == null) return undefined;
  if (!Number.isInteger(most) || (most as number) < 1) throw wrong('max_completion_tokens', 'a whole number above 0 is needed');
  return most as number;
}

/** A number of the body; undefined where it is not there. */
export function numberIn(body: Readonly<Record<string, unknown>>, field: string): number | undefined {
  const value = body[field];
  if (value == null) return undefined;
  if (typeof value !== 'number') throw wrong(field, 'a number is needed');
  return value;
}

/** The schema of `response_format`: `json` without one, null where text is asked for. */
export function answerSchema(body: Readonly<Record<string, unknown>>): { schema: Record<string, unknown>; name: string } | 'json' | null {
  const format = body['response_format'];
  if (format == null) return null;
  if (!isObject(format)) throw wrong('response_format', 'an object is needed');
  switch (format['type']) {
    case 'text':
      return null;
    case 'json_object':
      return 'json';
    case 'json_schema': {
      const asked = format['json_schema'];
      if (!isObject(asked) || !isObject(asked['schema'])) throw wrong('response_format.json_schema.schema', 'a JSON schema is needed');
      return { schema: asked['schema'], name: typeof asked['name'] === 'string' ? asked['name'] : 'answer' };
    }
    default:
      throw wrong('response_format.type', 'text, json_object or json_schema is needed');
  }
}

/** A request in JSON. Throws `invalid_request` for what could be read but is too deep to be written. */
export function jsonBody(wire: () => object): string {
  try {
    return JSON.stringify(wire());
  } catch (error) {
    if (error instanceof RangeError) throw wrong('messages', 'the request is nested too deep');
    throw error;
  }
}
