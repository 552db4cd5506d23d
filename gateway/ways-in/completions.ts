import { StillhouseError } from '../../contracts/errors.ts';
import { openAIError } from '../chat/openai-error.ts';
import { wrong } from '../providers/chat-fields.ts';
import type { ChatChunk, FinishReason } from '../providers/dialect.ts';
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
/** Without a consequence at these values, which are the API's own defaults. */
const IDLE: Loose = { echo: false, best_of: 1, suffix: null, logprobs: null };
/** The API's own default. */
const MOST_TOKENS = 16;

/** OpenAI's older completions (https://platform.openai.com/docs/api-reference/completions): the prompt is asked as a user's message. */
export const completionsWayIn: WayIn = Object.freeze({
  name: 'completions',
  toChat,
  fromCompletion: (completion, _asked, traceId) => ({
    ...headOf(completion, traceId),
    choices: completion.choices.map(({ index, message, finish_reason }) =>
      choiceOf(index, message.content ?? message.refusal ?? '', finish_reason),
    ),
    ...(completion.usage ? { usage: completion.usage } : {}),
  }),
  frames: (asked, traceId) => new CompletionFrames(asked, traceId),
  error: ({ message, type, param, code }) => ({ error: { message, type, param, code } }),
} satisfies WayIn);

function toChat(body: Loose): Record<string, unknown> {
  for (const [field, value] of Object.entries(body)) {
    if (value == null || KNOWN.has(field) || (Object.hasOwn(IDLE, field) && value === IDLE[field])) continue;
    throw new StillhouseError('invalid_request', `Invalid '${field}': a chat model cannot do this, and the gateway asks chat models only`, {
      param: field,
    });
  }
  return {
    ...Object.fromEntries(SAME.filter((field) => body[field] != null).map((field) => [field, body[field]])),
    messages: [{ role: 'user', content: promptOf(body['prompt']) }],
    max_tokens: body['max_tokens'] ?? MOST_TOKENS,
    ...(body['stream'] === true ? { stream_options: { include_usage: true } } : {}),
  };
}

const KNOWN = new Set<string>([...SAME, 'prompt', 'max_tokens', 'stream_options']);

function promptOf(prompt: unknown): string {
  const one = Array.isArray(prompt) && prompt.length === 1 ? (prompt[0] as unknown) : prompt;
  if (typeof one === 'string') return one;
  throw wrong('prompt', 'one text is needed; tokens mean something to one model only, and several prompts are several calls');
}

function headOf({ created, model }: { created: number; model: string }, traceId: string) {
  return { id: `cmpl-${traceId.replaceAll('-', '')}`, object: 'text_completion', created, model };
}

function choiceOf(index: number, text: string, finish: FinishReason | null) {
  return { index, text, logprobs: null, finish_reason: finish === 'tool_calls' ? 'stop' : finish };
}

class CompletionFrames implements FrameTranslator {
  readonly #usageAsked: boolean;
  readonly #traceId: string;

  constructor(asked: Loose, traceId: string) {
    const options = asked['stream_options'];
    this.#usageAsked = typeof options === 'object' && options !== null && (options as Loose)['include_usage'] === true;
    this.#traceId = traceId;
  }

  take(chunk: ChatChunk): string {
    const head = headOf(chunk, this.#traceId);
    const choices = Array.isArray(chunk.choices) ? chunk.choices : [];
    const frames = choices.flatMap((choice) => {
      const text = choice?.delta?.content ?? choice?.delta?.refusal ?? '';
      const finish = choice?.finish_reason ?? null;
      return text === '' && finish === null ? [] : [frame({ ...head, choices: [choiceOf(choice.index ?? 0, text, finish)] })];
    });
    if (choices.length === 0 && chunk.usage && this.#usageAsked) frames.push(frame({ ...head, choices: [], usage: chunk.usage }));
    return frames.join('');
  }

  end(): string {
    return 'data: [DONE]\n\n';
  }

  fail(error: StillhouseError): string {
    return frame(openAIError(error));
  }
}

function frame(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
