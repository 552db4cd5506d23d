import { parseWritable } from '../../core/json-nesting.ts';
import { textOf, type Message } from '../../contracts/chat.ts';
import { NO_USAGE, type Usage } from '../providers/provider.ts';
import { calledTools } from '../../core/chat/request-facts.ts';
import { attachmentsOf, CHARACTERS_PER_DOCUMENT_TOKEN, TOKENS_PER_IMAGE } from './attachments.ts';
import type { ChatRequest } from './chat-request.ts';
import { saidIn } from './said-characters.ts';

/** No call has as many; the store's columns have room for twice as many. */
const MAX_TOKENS = 2 ** 31;

/** What the trace wants to know of a completion. */
export interface CompletionFacts {
  model: string;
  answerText: string;
  finishReason: string;
  /** Names of the tools that the first choice calls. */
  toolsCalled: string[];
  usage: Usage | null;
  /** As the provider says which served it; empty where it does not. */
  serviceTier: string;
  /** Letters of all choices that a provider counts as tokens; not counted where it says its usage. */
  saidCharacters: number;
}

interface LooseCompletion {
  model?: unknown;
  service_tier?: unknown;
  usage?: unknown;
  choices?: { message?: Message; finish_reason?: unknown }[];
}

/** Reads a whole answer; null where it is no completion, or one without any choice. Providers differ: what is missing is left empty. */
export function completionFacts(text: string): CompletionFacts | null {
  let parsed: LooseCompletion | null;
  try {
    parsed = parseWritable(text) as LooseCompletion | null;
  } catch {
    return null;
  }
  if (typeof parsed !== 'object' || parsed === null || !Array.isArray(parsed.choices) || parsed.choices.length === 0) return null;
  const choice = parsed.choices[0];
  const usage = usageOf(parsed.usage);
  return {
    model: typeof parsed.model === 'string' ? parsed.model : '',
    answerText: textOf(choice?.message),
    finishReason: typeof choice?.finish_reason === 'string' ? choice.finish_reason : '',
    toolsCalled: calledTools(choice?.message),
    usage,
    serviceTier: typeof parsed.service_tier === 'string' ? parsed.service_tier : '',
    saidCharacters: usage
      ? 0
      : parsed.choices.reduce((sum, one) => sum + (one?.message ? saidIn(one.message as Record<string, unknown>) : 0), 0),
  };
}

/** Tokens in OpenAI's `usage`; null where there is none, or one of its numbers counts nothing. */
export function usageOf(usage: unknown): Usage | null {
  if (typeof usage !== 'object' || usage === null) return null;
  const loose = usage as Record<string, unknown>;
  const tokensIn = count(loose['prompt_tokens']);
  const tokensOut = count(loose['completion_tokens']);
  const prompt = loose['prompt_tokens_details'] as Record<string, unknown> | null | undefined;
  const answer = loose['completion_tokens_details'] as Record<string, unknown> | null | undefined;
  const tokensCached = count(prompt?.['cached_tokens']);
  const tokensCacheWrite = count(prompt?.['cache_write_tokens']);
  const tokensReasoning = count(answer?.['reasoning_tokens']);
  if (tokensIn === null || tokensOut === null || tokensCached === null || tokensCacheWrite === null || tokensReasoning === null)
    return null;
  const counted: Usage = { tokensIn, tokensOut, tokensCached, tokensCacheWrite, tokensReasoning };
  return prompt == null && answer == null ? counted : withKinds(counted, prompt ?? {}, answer ?? {});
}

/** What is said of tokens that may have a price of their own; 0 of them is nothing said, but of a cache. */
function withKinds(usage: Usage, prompt: Record<string, unknown>, answer: Record<string, unknown>): Usage {
  const hour = count(prompt['cache_write_1h_tokens']);
  const audioIn = count(prompt['audio_tokens']);
  const audioOut = count(answer['audio_tokens']);
  const imageOut = count(answer['image_tokens']);
  if (hour) usage.tokensCacheWriteHour = hour;
  if (audioIn) usage.tokensAudioIn = audioIn;
  if (audioIn && prompt['cached_audio_tokens'] != null) usage.tokensAudioCached = count(prompt['cached_audio_tokens']) ?? 0;
  if (audioOut) usage.tokensAudioOut = audioOut;
  if (imageOut) usage.tokensImageOut = imageOut;
  return usage;
}

const CHARACTERS_PER_TOKEN = 4;

/** About how many tokens a text has, where nobody counted: four bytes each. */
export function estimateTokens(text: string): number {
  return tokensOfLength(text.length);
}

/** The same of so many characters. */
export function tokensOfLength(characters: number): number {
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}

/** About how many tokens a request's prompt has: of a picture as many as it is seen as, however large its file is. */
export function estimatePrompt({ text, messages }: Pick<ChatRequest, 'text' | 'messages'>): number {
  const { images, imageCharacters, fileCharacters } = attachmentsOf(messages);
  const said = Math.max(0, text.length - imageCharacters - fileCharacters);
  return tokensOfLength(said) + Math.ceil(fileCharacters / CHARACTERS_PER_DOCUMENT_TOKEN) + images * TOKENS_PER_IMAGE;
}

/** Estimated usage of a call before it is made: its prompt, and an answer as long as it may be, at most 256 tokens where nothing is said. */
export function estimateUsage(request: Pick<ChatRequest, 'text' | 'messages' | 'body'>): Usage {
  const { body } = request;
  const cap = body['max_completion_tokens'] ?? body['max_tokens'];
  return { ...NO_USAGE, tokensIn: estimatePrompt(request), tokensOut: typeof cap === 'number' && cap > 0 ? Math.min(cap, 256) : 256 };
}

/** 0 where the provider says nothing; null for what is no number of tokens. */
function count(value: unknown): number | null {
  if (value == null) return 0;
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < MAX_TOKENS ? (value as number) : null;
}
