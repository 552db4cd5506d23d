import { StillhouseError } from '../../contracts/errors.ts';
import { openAIError } from '../chat/openai-error.ts';
import { isObject, wrong } from '../providers/chat-fields.ts';
import type { ChatChunk, ChatUsage } from '../providers/dialect.ts';
import { answerParts } from './answer-parts.ts';
import { checkNesting } from './hostile-json.ts';
import type { FrameTranslator, WayIn } from './way-in.ts';

type Loose = Readonly<Record<string, unknown>>;

/** Fields that a chat has too. */
const SAME = [
  'model',
  'n',
  'stop',
  'seed',
  'temperature',
  'top_p',
  'frequency_penalty',
  'presence_penalty',
  'logit_bias',
  'user',
  'stream',
  'metadata',
] as const;
const KNOWN: ReadonlySet<string> = new Set([...SAME, 'prompt', 'max_tokens', 'stream_options']);
/** Without a consequence at these values, which are the API's own defaults. */
const IDLE: Loose = { echo: false, best_of: 1, suffix: null, logprobs: null };
/** The API's own default. */
const MOST_TOKENS = 16;

/** OpenAI's older completions (https://platform.openai.com/docs/api-reference/completions): the prompt is asked as a user's message. */
export const completionsWayIn: WayIn = Object.freeze({
  name: 'completions',
  toChat,
  fields: KNOWN,
  fieldNames: [
    [/^messages\b.*$/, 'prompt'],
    [/^max_completion_tokens$/, 'max_tokens'],
  ],
  fromCompletion: (completion, _asked, traceId) => ({
    ...headOf(completion, traceId),
    choices: choicesIn(completion.choices).map((choice) => choiceOf(choice)),
    ...(completion.usage ? { usage: completion.usage } : {}),
  }),
  frames: (asked, traceId) => new CompletionFrames(asked, traceId),
  error: ({ message, type, param, code }) => ({ error: { message, type, param, code } }),
} satisfies WayIn);

function toChat(body: Loose): Record<string, unknown> {
  checkNesting(body);
  for (const [field, value] of Object.entries(body)) {
    if (value == null || KNOWN.has(field) || (Object.hasOwn(IDLE, field) && value === IDLE[field])) continue;
    throw new StillhouseError('invalid_request', `Invalid '${field}': a chat model cannot do this, and the gateway asks chat models only`, {
      param: field,
    });
  }
  return {
    ...Object.fromEntries(SAME.filter((field) => body[field] != null).map((field) => [field, body[field]])),
    messages: [{ role: 'user', content: promptOf(body['prompt']) }],
    max_completion_tokens: body['max_tokens'] ?? MOST_TOKENS,
    ...(body['stream'] === true ? { stream_options: { include_usage: true } } : {}),
  };
}

function promptOf(prompt: unknown): string {
  const one = Array.isArray(prompt) && prompt.length === 1 ? (prompt[0] as unknown) : prompt;
  if (typeof one === 'string') return one;
  throw wrong('prompt', 'one text is needed; tokens mean something to one model only, and several prompts are several calls');
}

function headOf({ created, model }: { created: number; model: string }, traceId: string) {
  return { id: `cmpl-${traceId.replaceAll('-', '')}`, object: 'text_completion', created, model };
}

function choicesIn(choices: unknown): Record<string, unknown>[] {
  return Array.isArray(choices) ? choices.filter(isObject) : [];
}

function choiceOf(choice: Record<string, unknown>) {
  const { text, refusal, finish } = answerParts(choice);
  const index = typeof choice['index'] === 'number' ? choice['index'] : 0;
  return { index, text: text + refusal, logprobs: null, finish_reason: finish === 'tool_calls' ? 'stop' : finish };
}

class CompletionFrames implements FrameTranslator {
  readonly #usageAsked: boolean;
  readonly #traceId: string;
  #head: object = {};
  #usage: ChatUsage | null = null;

  constructor(asked: Loose, traceId: string) {
    const options = asked['stream_options'];
    this.#usageAsked = isObject(options) && options['include_usage'] === true;
    this.#traceId = traceId;
  }

  take(chunk: ChatChunk): string {
    this.#head = headOf(chunk, this.#traceId);
    if (chunk.usage) this.#usage = chunk.usage;
    return choicesIn(chunk.choices)
      .map(choiceOf)
      .filter(({ text, finish_reason: finish }) => text !== '' || finish !== null)
      .map((choice) => frame({ ...this.#head, choices: [choice] }))
      .join('');
  }

  /** Some providers count in each chunk, these clients want it once. */
  end(): string {
    const usage = this.#usageAsked && this.#usage ? frame({ ...this.#head, choices: [], usage: this.#usage }) : '';
    return `${usage}data: [DONE]\n\n`;
  }

  fail(error: StillhouseError): string {
    return frame(openAIError(error));
  }
}

function frame(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
