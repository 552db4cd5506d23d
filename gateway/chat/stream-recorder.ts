import { charactersIn, PART_CHARACTERS, saidIn } from './said-characters.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import type { Usage } from '../providers/provider.ts';
import { DETAILS, mergeDetails } from '../providers/reasoning-details.ts';
import { usageOf } from './completion-facts.ts';
import { calledTools } from '../../core/chat/request-facts.ts';
import { isObject } from '../providers/chat-fields.ts';

/** Nothing is taken for granted: providers differ, and some send what no document names. */
interface LooseChunk {
  id?: unknown;
  created?: unknown;
  model?: unknown;
  service_tier?: unknown;
  usage?: unknown;
  error?: unknown;
  choices?: unknown;
}

/** What all chunks of a stream share. */
export interface StreamHead {
  id?: unknown;
  created?: unknown;
}

interface Choice {
  message: Record<string, unknown>;
  finishReason: string | null;
}

/** Where providers say what a model thinks. */
export const THOUGHTS = ['reasoning_content', 'reasoning', 'thinking_blocks', DETAILS];
const PLAIN = new Set(['role', 'content', ...THOUGHTS]);

/** Longer answers are none: a whole one may have as many bytes (`exchange.ts`), and who never ends would fill the memory of all calls. */
const MAX_ANSWER_CHARACTERS = 64 * 1024 * 1024;

/** Puts a completion together from the chunks of a stream, for its trace. */
export class StreamRecorder {
  usage: Usage | null = null;
  model = '';
  /** As the provider says which served it; empty where it does not. */
  serviceTier = '';
  /** `performance.now()` of the first text, thought or call of a tool. */
  firstTokenAt: number | null = null;
  #head: StreamHead = {};
  #rawUsage: unknown = null;
  /** Letters of all choices that a provider counts as tokens: texts, thoughts, calls of tools. */
  saidCharacters = 0;
  #characters = 0;
  readonly #choices = new Map<number, Choice>();

  /** Takes in one chunk; true where it is the extra one that brings nothing but usage. Throws `upstream_invalid` where the answer has no end. */
  take(chunk: LooseChunk): boolean {
    if (typeof chunk.model === 'string' && this.model === '') {
      this.model = chunk.model;
      this.#head = { id: chunk.id, created: chunk.created };
    }
    if (typeof chunk.service_tier === 'string') this.serviceTier = chunk.service_tier;
    if (chunk.usage) {
      this.#rawUsage = chunk.usage;
      this.usage = usageOf(chunk.usage);
    }
    const choices = Array.isArray(chunk.choices) ? (chunk.choices as unknown[]) : [];
    for (const choice of choices) if (isObject(choice)) this.#takeChoice(choice);
    return choices.length === 0 && chunk.usage != null;
  }

  #takeChoice({ index, delta, finish_reason: finish }: Record<string, unknown>): void {
    const choice = this.#choice(typeof index === 'number' ? index : 0);
    if (typeof finish === 'string') choice.finishReason = finish;
    this.#characters += PART_CHARACTERS + charactersIn(delta);
    if (this.#characters > MAX_ANSWER_CHARACTERS) throw tooLong();
    if (!isObject(delta)) return;
    const said = saidIn(delta);
    this.saidCharacters += said;
    for (const key in delta) mergeDelta(choice.message, key, delta[key]);
    if (this.firstTokenAt === null && said > 0) this.firstTokenAt = performance.now();
  }

  get answerText(): string {
    const content = this.#choices.get(0)?.message['content'];
    return typeof content === 'string' ? content : '';
  }

  get head(): StreamHead {
    return this.#head;
  }

  /** Whether what has come is the beginning of one plain text, with thoughts before it at most: nothing that a successor could not go on from. */
  get isPlainText(): boolean {
    if (this.#choices.size !== 1) return false;
    const choice = this.#choices.get(0);
    if (!choice || choice.finishReason !== null || this.answerText === '') return false;
    return Object.entries(choice.message).every(([key, value]) => PLAIN.has(key) || saysNothing(value));
  }

  get toolsCalled(): string[] {
    return calledTools(this.#choices.get(0)?.message);
  }

  /** Whether each choice that began has come to its end. */
  get isFinished(): boolean {
    return this.#choices.size > 0 && [...this.#choices.values()].every(({ finishReason }) => finishReason !== null);
  }

  /** How many choices have begun. */
  get choices(): number {
    return this.#choices.size;
  }

  get finishReason(): string {
    return this.#choices.get(0)?.finishReason ?? '';
  }

  /** The whole completion as JSON, in the shape that a call without streaming would have got. */
  completion(): string {
    const choices = [...this.#choices].map(([index, { message, finishReason }]) => ({ index, message, finish_reason: finishReason }));
    return JSON.stringify({ ...this.#head, object: 'chat.completion', model: this.model, choices, usage: this.#rawUsage });
  }

  #choice(index: number): Choice {
    let choice = this.#choices.get(index);
    if (!choice) this.#choices.set(index, (choice = { message: { role: 'assistant', content: null }, finishReason: null }));
    return choice;
  }
}

/** Some servers say in each chunk what there is none of. */
function saysNothing(value: unknown): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

/** Another target would have to begin with all of it: none is asked. */
function tooLong(): StillhouseError {
  const message = `The provider sent an answer of more than ${MAX_ANSWER_CHARACTERS} characters, and did not end it`;
  return new StillhouseError('upstream_invalid', message, { retryable: false });
}

/** Strings grow, lists of parts (tool calls) are merged by their `index`, everything else is replaced. */
function mergeDelta(into: Record<string, unknown>, key: string, value: unknown): void {
  // As a key of our own objects it would reach the prototype of all objects.
  if (value == null || key === '__proto__') return;
  const before = into[key];
  if (typeof value === 'string' && typeof before === 'string' && key !== 'role' && key !== 'type' && key !== 'id')
    into[key] = before + value;
  else if (Array.isArray(value)) into[key] = mergeList(key, Array.isArray(before) ? before : [], value);
  else if (typeof value === 'object' && typeof before === 'object' && before !== null) {
    for (const inner in value) mergeDelta(before as Record<string, unknown>, inner, (value as Record<string, unknown>)[inner]);
  } else into[key] = value;
}

/** Blocks of reasoning go back as they came, so that they grow by rules of their own. */
function mergeList(key: string, before: unknown[], value: unknown[]): unknown[] {
  return key === DETAILS ? [...mergeDetails(before.filter(isObject), value.filter(isObject))] : mergeParts(before, value);
}

function mergeParts(before: unknown[], parts: unknown[]): unknown[] {
  for (const part of parts) {
    if (!isObject(part)) continue;
    const { index, ...fields } = part;
    const at = typeof index === 'number' && index >= 0 && index < 1024 ? index : before.length;
    const known = before[at];
    const merged = isObject(known) ? known : {};
    before[at] = merged;
    for (const key in fields) mergeDelta(merged, key, fields[key]);
  }
  return before;
}
