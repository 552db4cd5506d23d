import type { ChatCompletion, ChatUsage, FinishReason } from '../../providers/dialect.ts';
import { type AnswerParts, callId, firstAnswer } from '../answer-parts.ts';
import { keepThoughts } from '../kept-thoughts.ts';

type Loose = Readonly<Record<string, unknown>>;

export type OutputItem =
  | { id: string; type: 'reasoning'; summary: { type: 'summary_text'; text: string }[]; encrypted_content?: string }
  | { id: string; type: 'message'; role: 'assistant'; status: string; content: ContentPart[] }
  | { id: string; type: 'function_call'; status: string; call_id: string; name: string; arguments: string };
export type ContentPart =
  | { type: 'output_text'; text: string; annotations: unknown[]; logprobs: unknown[] }
  | { type: 'refusal'; refusal: string };

/** A completion as a response. */
export function responsesAnswer(completion: ChatCompletion, asked: Loose, traceId: string): object {
  const parts = firstAnswer(completion);
  const output = outputOf(parts, traceId);
  const finish = parts.finish ?? 'stop';
  const last = output.at(-1);
  if (last && last.type !== 'reasoning') last.status = statusOf(finish, output) === 'incomplete' ? 'incomplete' : 'completed';
  return responseOf(asked, traceId, {
    createdAt: completion.created,
    model: completion.model,
    output,
    finish,
    usage: completion.usage ?? null,
  });
}

interface ResponseParts {
  createdAt: number;
  model: string;
  output: OutputItem[];
  /** null while it is under way. */
  finish: FinishReason | null;
  usage: ChatUsage | null;
  error?: { code: string; message: string };
}

/** The whole object, with what was asked said again. */
export function responseOf(asked: Loose, traceId: string, { createdAt, model, output, finish, usage, error }: ResponseParts) {
  const reason = finish === null ? null : incompleteReason(finish, output);
  const text = asked['text'] as Loose | null | undefined;
  const reasoning = asked['reasoning'] as Loose | null | undefined;
  return {
    id: responseId(traceId),
    object: 'response',
    created_at: createdAt,
    status: error ? 'failed' : finish === null ? 'in_progress' : statusOf(finish, output),
    background: false,
    error: error ?? null,
    incomplete_details: reason === null ? null : { reason },
    instructions: asked['instructions'] ?? null,
    max_output_tokens: asked['max_output_tokens'] ?? null,
    model,
    output,
    parallel_tool_calls: asked['parallel_tool_calls'] ?? true,
    previous_response_id: asked['previous_response_id'] ?? null,
    reasoning: { effort: reasoning?.['effort'] ?? null, summary: reasoning?.['summary'] ?? null },
    store: asked['store'] ?? true,
    temperature: asked['temperature'] ?? 1,
    text: { ...text, format: text?.['format'] ?? { type: 'text' } },
    tool_choice: asked['tool_choice'] ?? 'auto',
    tools: asked['tools'] ?? [],
    top_logprobs: asked['top_logprobs'] ?? 0,
    top_p: asked['top_p'] ?? 1,
    truncation: asked['truncation'] ?? 'disabled',
    ...(usage ? { usage: usageOf(usage) } : {}),
    ...(asked['user'] == null ? {} : { user: asked['user'] }),
    metadata: asked['metadata'] ?? {},
  };
}

/** Whether an answer is whole; one that was filtered is, where it says why. */
export function statusOf(finish: FinishReason, output: readonly OutputItem[]): 'completed' | 'incomplete' {
  return incompleteReason(finish, output) === null ? 'completed' : 'incomplete';
}

function incompleteReason(finish: FinishReason, output: readonly OutputItem[]): 'max_output_tokens' | 'content_filter' | null {
  if (finish === 'length') return 'max_output_tokens';
  // Asked as each item of a stream ends: all items are looked at only where that matters.
  if (finish !== 'content_filter') return null;
  const refuses = output.some((item) => item.type === 'message' && item.content.some(({ type }) => type === 'refusal'));
  return refuses ? null : 'content_filter';
}

export function responseId(traceId: string): string {
  return `resp_${traceId.replaceAll('-', '')}`;
}

/** The trace behind a response's id; null where it is none of ours. */
export function traceOfResponse(id: string): string | null {
  const [, hex] = /^resp_([0-9a-f]{32})$/.exec(id) ?? [];
  return hex === undefined ? null : hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Ids of items are made of the trace's and their place. */
export function itemId(kind: 'rs' | 'msg' | 'fc', traceId: string, place: number): string {
  return `${kind}_${traceId.replaceAll('-', '')}${place}`;
}

function outputOf({ text, refusal, reasoning, thoughts, details, calls, logprobs }: AnswerParts, traceId: string): OutputItem[] {
  const items: OutputItem[] = [];
  const id = (kind: 'rs' | 'msg' | 'fc') => itemId(kind, traceId, items.length);
  const blocks = [...thoughts, ...details];
  if (reasoning !== '' || blocks.length > 0) items.push(reasoningItem(id('rs'), reasoning, blocks));
  const content: ContentPart[] = [];
  if (text !== '') content.push({ type: 'output_text', text, annotations: [], logprobs });
  if (refusal !== '') content.push({ type: 'refusal', refusal });
  // An answer without anything is an empty text.
  if (content.length === 0 && calls.length === 0) content.push({ type: 'output_text', text: '', annotations: [], logprobs });
  if (content.length > 0) items.push({ id: id('msg'), type: 'message', role: 'assistant', status: 'completed', content });
  calls.forEach((call, place) => {
    const made = { call_id: callId(call, traceId, place), name: call.name, arguments: call.arguments };
    items.push({ id: id('fc'), type: 'function_call', status: 'completed', ...made });
  });
  return items;
}

export function reasoningItem(id: string, text: string, blocks: readonly unknown[]): Extract<OutputItem, { type: 'reasoning' }> {
  const summary = text === '' ? [] : [{ type: 'summary_text' as const, text }];
  return { id, type: 'reasoning', summary, ...(blocks.length > 0 ? { encrypted_content: keepThoughts(blocks) } : {}) };
}

function usageOf(usage: ChatUsage) {
  return {
    input_tokens: usage.prompt_tokens,
    input_tokens_details: {
      cached_tokens: usage.prompt_tokens_details?.cached_tokens ?? 0,
      cache_write_tokens: usage.prompt_tokens_details?.cache_write_tokens ?? 0,
    },
    output_tokens: usage.completion_tokens,
    output_tokens_details: { reasoning_tokens: usage.completion_tokens_details?.reasoning_tokens ?? 0 },
    total_tokens: usage.total_tokens,
  };
}
