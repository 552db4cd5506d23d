import { parseWritable } from '../../../core/json-nesting.ts';
import { askedTools, chatParts, type ChatPart } from '../chat-parts.ts';
import { cannot, isObject, orWithout, wrong } from '../chat-fields.ts';
import type { Abilities } from './models.ts';

const NAME = 'Google';
/** For calls that another provider's model made: the API's own word for it (https://ai.google.dev/gemini-api/docs/thought-signatures). */
const UNSIGNED = 'skip_thought_signature_validator';
/** Media types of what is named by an address, by the end of it. */
const MEDIA: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  heic: 'image/heic',
  heif: 'image/heif',
  pdf: 'application/pdf',
};

export type Part = Record<string, unknown>;
export interface Content {
  role: 'user' | 'model';
  parts: Part[];
}

/** A call of a function that has no result yet. */
interface OpenCall {
  name: string;
  /** How many calls were made before it. */
  place: number;
  /** The message that has it. */
  at: string;
}

/** Messages as contents: system ones apart, turns by turns, results in the order of their calls and before what else the user's turn has. */
export function googleContents(
  messages: readonly unknown[],
  abilities: Abilities,
  lenient: boolean,
): { system: Part[]; contents: Content[] } {
  const made = new Contents(abilities, lenient);
  messages.forEach((message, index) => {
    if (!isObject(message)) throw wrong(`messages[${index}]`, 'an object is needed');
    made.add(message, `messages[${index}]`);
  });
  return made.done();
}

class Contents {
  readonly #abilities: Abilities;
  readonly #lenient: boolean;
  readonly #system: Part[] = [];
  readonly #contents: Content[] = [];
  readonly #open = new Map<string, OpenCall>();
  /** Places of the results in the turn that is being made. */
  readonly #places = new Map<Part, number>();
  #calls = 0;

  constructor(abilities: Abilities, lenient: boolean) {
    this.#abilities = abilities;
    this.#lenient = lenient;
  }

  add(message: Record<string, unknown>, at: string): void {
    switch (message['role']) {
      case 'system':
      case 'developer':
        this.#system.push(...textParts(message['content'], `${at}.content`, this.#lenient));
        break;
      case 'user': {
        const parts = this.#partsOf(message['content'], `${at}.content`);
        if (parts.length === 0) throw wrong(`${at}.content`, 'it is empty');
        this.#append('user', parts);
        break;
      }
      case 'assistant':
        this.#addModel(message, at);
        break;
      case 'tool':
        this.#addResult(message, at);
        break;
      default:
        throw wrong(`${at}.role`, 'system, developer, user, assistant or tool is needed');
    }
  }

  done(): { system: Part[]; contents: Content[] } {
    this.#allAnswered();
    if (this.#contents.length === 0) throw wrong('messages', 'a message besides the system’s is needed');
    return { system: this.#system, contents: this.#contents };
  }

  /** One speaker's messages in a row are one turn. */
  #append(role: Content['role'], parts: Part[]): void {
    const last = this.#contents.at(-1);
    if (last?.role === role) last.parts.push(...parts);
    else this.#contents.push({ role, parts });
  }

  /** What it said and which functions it called, with the signatures of its thoughts where they were kept. */
  #addModel(message: Record<string, unknown>, at: string): void {
    if (this.#contents.at(-1)?.role === 'user') this.#allAnswered();
    const said = this.#partsOf(message['content'] ?? message['refusal'], `${at}.content`);
    const signature = signatureIn(message['extra_content']);
    if (signature !== null && said.length > 0) said.push({ ...said.pop(), thoughtSignature: signature });
    const calls = askedTools(message, at).map(({ id, name, input, extra }): Part => {
      if (this.#open.has(id)) throw wrong(`${at}.tool_calls`, `the id ${JSON.stringify(id)} is there twice`);
      this.#open.set(id, { name, place: this.#calls++, at });
      const signed = signatureIn(extra);
      const called = { ...(this.#abilities.signs ? { id } : {}), name, args: input };
      return { functionCall: called, ...(signed === null ? {} : { thoughtSignature: signed }) };
    });
    if (this.#abilities.signs && calls.length > 0 && !calls.some((call) => 'thoughtSignature' in call)) {
      calls[0]!['thoughtSignature'] = UNSIGNED;
    }
    // One that says nothing is nothing.
    if (said.length + calls.length > 0) this.#append('model', [...said, ...calls]);
  }

  #addResult(message: Record<string, unknown>, at: string): void {
    const id = message['tool_call_id'];
    const call = typeof id === 'string' ? this.#open.get(id) : undefined;
    if (typeof id !== 'string' || !call)
      throw wrong(`${at}.tool_call_id`, 'it is of no call in the assistant’s turn before, or has a result already');
    this.#open.delete(id);
    const parts = chatParts(message['content'], `${at}.content`);
    const seen = parts.flatMap((part) => (part.kind === 'text' ? [] : this.#partsFor(part)));
    const text = parts.map((part) => (part.kind === 'text' ? part.text : '')).join('');
    const within = this.#abilities.signs && seen.length > 0 ? { parts: seen } : {};
    const named = { ...(this.#abilities.signs ? { id } : {}), name: call.name };
    const result: Part = { functionResponse: { ...named, response: responseOf(text, message['is_error'] === true), ...within } };
    this.#places.set(result, call.place);
    this.#append('user', []);
    const turn = this.#contents.at(-1)!.parts;
    const before = turn.findLastIndex((part) => (this.#places.get(part) ?? Infinity) < call.place);
    turn.splice(before + 1, 0, result);
    // Models that take none in a result see them beside it.
    if (!this.#abilities.signs) turn.push(...seen);
  }

  #allAnswered(): void {
    for (const [id, { at }] of this.#open)
      throw wrong(`${at}.tool_calls`, `the call ${JSON.stringify(id)} has no result in the messages that follow`);
  }

  #partsOf(content: unknown, at: string): Part[] {
    return chatParts(content, at).flatMap((part) => (part.kind === 'text' && part.text === '' ? [] : this.#partsFor(part)));
  }

  /** None where the API can't do it and the call goes on without. */
  #partsFor(part: ChatPart): Part[] {
    const made = orWithout(this.#lenient, () => this.#partOf(part));
    return made === null ? [] : [made];
  }

  #partOf(part: ChatPart): Part {
    if (part.kind === 'text') return { text: part.text };
    const { source, at } = part;
    if ('base64' in source) return { inlineData: { mimeType: source.mediaType, data: source.base64 } };
    const { url } = source;
    // Uploaded files each model has; the rest it fetches itself.
    const uploaded = url.startsWith('https://generativelanguage.googleapis.com/');
    if (!uploaded && !(this.#abilities.fetches && /^(?:https|gs):\/\//.test(url))) throw cannot(NAME, at, 'images by such an address');
    const mimeType = uploaded ? undefined : MEDIA[/\.(\w+)(?:[?#]|$)/.exec(url)?.[1]?.toLowerCase() ?? ''];
    return { fileData: { ...(mimeType === undefined ? {} : { mimeType }), fileUri: url } };
  }
}

function textParts(content: unknown, at: string, lenient: boolean): Part[] {
  return chatParts(content, at).flatMap((part) => {
    if (part.kind !== 'text') {
      if (lenient) return [];
      throw cannot(NAME, part.at, 'anything but text in a system message');
    }
    return part.text === '' ? [] : [{ text: part.text }];
  });
}

/** As Google's own OpenAI dialect has it: `extra_content.google.thought_signature`. */
function signatureIn(extra: unknown): string | null {
  const google = isObject(extra) ? extra['google'] : undefined;
  const signature = isObject(google) ? google['thought_signature'] : undefined;
  return typeof signature === 'string' && signature !== '' ? signature : null;
}

/** A response must be an object: JSON that is one goes as it is, anything else as its `result`, or `error` where it failed. */
function responseOf(text: string, failed: boolean): Record<string, unknown> {
  if (failed) return { error: text };
  try {
    const parsed = parseWritable(text);
    if (isObject(parsed)) return parsed;
  } catch {
    // A text.
  }
  return { result: text };
}
