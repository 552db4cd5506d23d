import { Template } from '@huggingface/jinja';
import { textOf, type Message } from '../../contracts/chat.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import type { LanguageModelManifest } from '../../contracts/language-model.ts';

/** A stretch of a prompt; `control`: the tokenizer reads the texts of control tokens in it as those tokens. */
export interface PromptPart {
  text: string;
  control: boolean;
}

/** Renders messages to what the tokenizer reads. Throws `invalid_request` where the template refuses them. */
export type PromptWriter = (messages: readonly Message[]) => PromptPart[];

export interface PromptSource {
  manifest: Pick<LanguageModelManifest, 'chatTemplate' | 'templateOptions' | 'controlTokens'>;
  bosToken: string;
  eosToken: string;
}

/** Roles come from templates' own branches: no template knows another kind of word. */
const ROLE = /^[a-z_]{1,32}$/;
/** Unicode's private use area: no tokenizer and no text gives its characters a meaning. */
const PRIVATE_USE = { from: 0xe0_00, to: 0xf8_ff };

/**
 * Prompts as the trainer writes them (`gpu-worker/trainer`), so that both sides have the same token ids. A control
 * token's text in a message is text: it is kept out of the rendering by a placeholder, and what it stands for is
 * tokenised apart from the template's own control tokens.
 */
export function promptWriter(source: PromptSource): PromptWriter {
  const { chatTemplate, templateOptions, controlTokens } = source.manifest;
  const template = compile(chatTemplate);
  const control = alternatives(controlTokens);
  const variables = { tools: null, documents: null, bos_token: source.bosToken, eos_token: source.eosToken, ...templateOptions };
  const render = (messages: readonly Turn[]) => {
    try {
      return template.render({ ...variables, messages, add_generation_prompt: true });
    } catch (error) {
      const message = `The student's chat template refuses these messages: ${(error as Error).message}`;
      throw new StillhouseError('invalid_request', message, { cause: error, param: 'messages' });
    }
  };
  return function writePrompt(messages) {
    const turns = messages.map(turnOf);
    if (!control || !turns.some((turn) => control.test(turn.content))) return [{ text: render(turns), control: true }];
    const hidden = hide(turns, control);
    return partsOf(render(hidden.turns), control, hidden.restore);
  };
}

interface Turn {
  role: string;
  content: string;
}

function turnOf(message: Message, index: number): Turn {
  const role = message.role === 'developer' ? 'system' : message.role;
  if (ROLE.test(role)) return { role, content: textOf(message) };
  throw new StillhouseError('invalid_request', `Invalid 'messages[${index}].role': "${role.slice(0, 40)}"`, {
    param: `messages[${index}].role`,
  });
}

/** Puts placeholders where messages hold texts of control tokens. */
function hide(turns: readonly Turn[], control: RegExp): { turns: Turn[]; restore: (text: string) => string } {
  const all = turns.map((turn) => turn.content).join('');
  const [open, close] = unusedCharacters(all, 2) as [string, string];
  const known: string[] = [];
  const place = (token: string) => {
    if (!known.includes(token)) known.push(token);
    return open + String(known.indexOf(token)) + close;
  };
  const every = new RegExp(control.source, 'g');
  const placeholder = new RegExp(`${open}(\\d+)${close}`, 'g');
  return {
    turns: turns.map((turn) => ({ ...turn, content: turn.content.replace(every, place) })),
    restore: (text) => text.replace(placeholder, (_, index: string) => known[Number(index)]!),
  };
}

/** Cuts a rendering at its control tokens: all of them are the template's. */
function partsOf(rendered: string, control: RegExp, restore: (text: string) => string): PromptPart[] {
  const parts: PromptPart[] = [];
  let from = 0;
  const text = (to: number) => {
    if (to > from) parts.push({ text: restore(rendered.slice(from, to)), control: false });
  };
  for (const match of rendered.matchAll(new RegExp(control.source, 'g'))) {
    text(match.index);
    parts.push({ text: match[0], control: true });
    from = match.index + match[0].length;
  }
  text(rendered.length);
  return parts;
}

/** Matches any of the texts, the longest first; null where there are none. */
function alternatives(texts: readonly string[]): RegExp | null {
  const escaped = texts
    .filter((text) => text !== '')
    .toSorted((a, b) => b.length - a.length)
    .map((text) => text.replace(/[$()*+.?[\\\]^{|}/-]/g, '\\$&'));
  return escaped.length === 0 ? null : new RegExp(escaped.join('|'));
}

function unusedCharacters(text: string, count: number): string[] {
  const found: string[] = [];
  for (let code = PRIVATE_USE.from; code <= PRIVATE_USE.to && found.length < count; code++) {
    const character = String.fromCharCode(code);
    if (!text.includes(character)) found.push(character);
  }
  if (found.length === count) return found;
  throw new StillhouseError('invalid_request', 'The messages use all characters of the private use area', { param: 'messages' });
}

function compile(chatTemplate: string): Template {
  try {
    return new Template(chatTemplate);
  } catch (error) {
    const message = `The student's chat template cannot be read: ${(error as Error).message}`;
    throw new StillhouseError('artifact_corrupt', message, { cause: error });
  }
}
