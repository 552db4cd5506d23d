import { randomUUID } from 'node:crypto';

/**
 * How a provider whose API is its own is spoken to: pure translation from and to OpenAI's chat form, no I/O. The chat form
 * is the hub: each way in becomes it and each provider starts from it.
 *
 * Where OpenAI has no field, the chat form has what clients already send: `cache_control` on messages, content parts and
 * tools (Anthropic's, as OpenRouter and LiteLLM take it); `reasoning_content` for an answer's reasoning (DeepSeek, vLLM),
 * with `thinking_blocks` beside it where the provider wants its own blocks back (LiteLLM), `reasoning_details` where
 * OpenRouter does; `extra_content.google` on tool calls (Google); `stop_reason` on a choice for the stop text that was met (vLLM); `usage.prompt_tokens_details.cache_write_tokens`
 * (OpenRouter), with `cache_write_1h_tokens` for those of them that are kept for an hour, and `cached_audio_tokens`.
 * `prompt_tokens` includes cached ones.
 */
export interface Dialect {
  /** Throws `invalid_request` with the path of a field that the provider can't do, unless the call is lenient. */
  request(call: DialectCall): WireRequest;
  /** A whole answer, parsed, as a completion. Throws `upstream_invalid` where it is none. */
  completion(answer: unknown, call: DialectCall): ChatCompletion;
  /** A translator for one stream. */
  chunks(call: DialectCall): ChunkTranslator;
  /** What an error answer says: its body parsed, or its text where it is not JSON. */
  error(body: unknown): ProviderFault;
  /** Whether it goes on from the beginning of an answer (`DialectCall.prefix`). */
  readonly continuesPrefix: boolean;
  /** Vectors of texts; absent where it offers none. */
  readonly embeddings?: EmbeddingsDialect;
  /** Tokens of an answer at most that are asked for where the caller sets no bound; absent where none is sent. */
  longestAnswer?(model: string, body: Readonly<Record<string, unknown>>): number;
}

/** `/v1/embeddings` in a provider's own API. */
export interface EmbeddingsDialect {
  /** `texts` are the input's; the rest of the body is as it came. Throws `invalid_request` with the field's name. */
  request(model: string, texts: readonly string[], body: Readonly<Record<string, unknown>>): WireRequest;
  /** The vectors in the texts' order, and the tokens that were read; null tokens where nobody counted. Throws `upstream_invalid`. */
  answer(answer: unknown): { vectors: number[][]; tokens: number | null };
}

export interface DialectCall {
  /** The provider's own name of the model. */
  model: string;
  /** The chat request, parsed; read, never changed. `messages` is an array of objects. */
  body: Readonly<Record<string, unknown>>;
  stream: boolean;
  /** What the provider can't do is left out instead of refused. */
  lenient: boolean;
  /** Text that another target had answered before it broke off, to be gone on from; empty otherwise. */
  prefix: string;
  /** Seconds since 1970, for `created`. */
  now: number;
}

export interface WireRequest {
  /** Behind the provider's base URL, with a query where there is one. */
  path: string;
  headers?: Record<string, string>;
  body: string;
}

/** Turns events of a provider's stream into chunks of OpenAI's. */
export interface ChunkTranslator {
  /** `data` is parsed JSON, or the text where it is none. Throws where the event is an error or nothing that is known to follow. */
  take(event: { name: string; data: unknown }): ChatChunk[];
  /** Whether the stream was whole: its end mark came, or a finish reason where there is no mark. */
  readonly ended: boolean;
}

export interface ProviderFault {
  message: string;
  /** The provider's own code or type; null where it names none. */
  code: string | null;
  /** Milliseconds that it asks to wait, where it says so in the body instead of a header. */
  waitMs?: number;
}

export interface ChatUsage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details?: {
    cached_tokens?: number;
    cache_write_tokens?: number;
    cache_write_1h_tokens?: number;
    audio_tokens?: number;
    cached_audio_tokens?: number;
  };
  completion_tokens_details?: { reasoning_tokens?: number; audio_tokens?: number; image_tokens?: number };
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';

export interface ChatToolCall {
  id: string;
  type: 'function';
  /** `arguments` is JSON text. */
  function: { name: string; arguments: string };
  extra_content?: unknown;
}

export interface ChatAnswerMessage {
  role: 'assistant';
  content: string | null;
  refusal?: string | null;
  reasoning_content?: string;
  thinking_blocks?: unknown[];
  reasoning_details?: unknown[];
  tool_calls?: ChatToolCall[];
  annotations?: unknown[];
}

export interface ChatCompletion {
  id: string;
  object: 'chat.completion';
  created: number;
  /** As the provider named it. */
  model: string;
  choices: { index: number; message: ChatAnswerMessage; finish_reason: FinishReason; stop_reason?: string; logprobs?: unknown }[];
  usage?: ChatUsage;
}

/** What of a message came with one chunk; parts of tool calls are put together by `index`. */
export interface ChatDelta {
  role?: 'assistant';
  content?: string;
  refusal?: string;
  reasoning_content?: string;
  thinking_blocks?: unknown[];
  reasoning_details?: unknown[];
  tool_calls?: {
    index: number;
    id?: string;
    type?: 'function';
    function: { name?: string; arguments?: string };
    extra_content?: unknown;
  }[];
}

export interface ChatChunk {
  id: string;
  object: 'chat.completion.chunk';
  created: number;
  model: string;
  choices: { index: number; delta: ChatDelta; finish_reason: FinishReason | null; stop_reason?: string; logprobs?: unknown }[];
  usage?: ChatUsage | null;
}

/** Writes the chunks of one stream; `id` and `model` are the provider's once it has named them. */
export class ChunkWriter {
  id = `chatcmpl-${randomUUID()}`;
  model: string;
  readonly #created: number;

  constructor(call: Pick<DialectCall, 'model' | 'now'>) {
    this.model = call.model;
    this.#created = call.now;
  }

  delta(
    delta: ChatDelta,
    { finish = null, index = 0, logprobs, stop }: { finish?: FinishReason | null; index?: number; logprobs?: unknown; stop?: string } = {},
  ): ChatChunk {
    const more = { ...(stop === undefined ? {} : { stop_reason: stop }), ...(logprobs === undefined ? {} : { logprobs }) };
    return { ...this.#head(), choices: [{ index, delta, finish_reason: finish, ...more }] };
  }

  /** The extra chunk at a stream's end. */
  usage(usage: ChatUsage): ChatChunk {
    return { ...this.#head(), choices: [], usage };
  }

  #head() {
    return { id: this.id, object: 'chat.completion.chunk' as const, created: this.#created, model: this.model };
  }
}

/** What a provider counted. `input` includes what was cached, sound, and what was written to the cache; `output` the rest. */
interface Counted {
  input: number;
  output: number;
  cached?: number;
  cacheWrite?: number;
  cacheWriteHour?: number;
  reasoning?: number;
  audioIn?: number;
  audioCached?: number;
  audioOut?: number;
  imageOut?: number;
}

/** Usage in the chat form. Kinds of tokens of which there are none are not said. */
export function chatUsage({ input, output, cached, cacheWrite, reasoning, ...kinds }: Counted): ChatUsage {
  const prompt = {
    ...(cached === undefined && cacheWrite === undefined ? {} : { cached_tokens: cached ?? 0 }),
    ...(cacheWrite === undefined ? {} : { cache_write_tokens: cacheWrite }),
    ...(kinds.cacheWriteHour ? { cache_write_1h_tokens: kinds.cacheWriteHour } : {}),
    ...(kinds.audioIn ? { audio_tokens: kinds.audioIn, cached_audio_tokens: kinds.audioCached ?? 0 } : {}),
  };
  const answer = {
    ...(reasoning === undefined ? {} : { reasoning_tokens: reasoning }),
    ...(kinds.audioOut ? { audio_tokens: kinds.audioOut } : {}),
    ...(kinds.imageOut ? { image_tokens: kinds.imageOut } : {}),
  };
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    ...(Object.keys(prompt).length > 0 ? { prompt_tokens_details: prompt } : {}),
    ...(Object.keys(answer).length > 0 ? { completion_tokens_details: answer } : {}),
  };
}
