import type { StillhouseError } from '../../../contracts/errors.ts';
import { ERROR_CODES } from '../../../contracts/errors.ts';
import type { ChatChunk, ChatDelta, ChatUsage, FinishReason } from '../../providers/dialect.ts';
import type { FrameTranslator } from '../way-in.ts';
import { messageId, messagesError, messagesUsage, stopReason } from './answer.ts';
import type { Loose } from './blocks.ts';

/** Writes a streamed message (https://docs.anthropic.com/en/docs/build-with-claude/streaming): one block is open at a time. */
export class MessageFrames implements FrameTranslator {
  readonly #traceId: string;
  #begun = false;
  /** Index of the newest block; -1: none yet. */
  #index = -1;
  #open: 'text' | 'thinking' | 'tool' | null = null;
  /** Of the open tool call: its index in the chat form. */
  #tool = -1;
  #finish: FinishReason | null = null;
  #usage: ChatUsage | null = null;

  constructor(traceId: string) {
    this.#traceId = traceId;
  }

  take(chunk: ChatChunk): string {
    let text = this.#begun ? '' : this.#start(chunk);
    if (chunk.usage) this.#usage = chunk.usage;
    const choice = Array.isArray(chunk.choices) ? chunk.choices.find((one) => (one?.index ?? 0) === 0) : undefined;
    if (choice?.delta) text += this.#delta(choice.delta);
    if (typeof choice?.finish_reason === 'string') this.#finish = choice.finish_reason;
    return text;
  }

  end(): string {
    const delta = { stop_reason: stopReason(this.#finish ?? 'stop'), stop_sequence: null };
    return this.#close() + frame('message_delta', { delta, usage: messagesUsage(this.#usage) }) + frame('message_stop', {});
  }

  fail(error: StillhouseError): string {
    return `event: error\ndata: ${JSON.stringify(messagesError({ status: ERROR_CODES[error.code].status, message: error.message }))}\n\n`;
  }

  #start(chunk: ChatChunk): string {
    this.#begun = true;
    const message = {
      ...{ id: messageId(this.#traceId), type: 'message', role: 'assistant', model: chunk.model, content: [] },
      ...{ stop_reason: null, stop_sequence: null, usage: messagesUsage(chunk.usage ?? null) },
    };
    return frame('message_start', { message });
  }

  #delta(delta: ChatDelta): string {
    let text = '';
    if (delta.reasoning_content) text += this.#part('thinking', { type: 'thinking_delta', thinking: delta.reasoning_content });
    for (const block of (delta.thinking_blocks ?? []) as Loose[]) text += this.#thought(block);
    const said = delta.content || delta.refusal;
    if (said) text += this.#part('text', { type: 'text_delta', text: said });
    for (const call of delta.tool_calls ?? []) text += this.#call(call);
    return text;
  }

  /** A thought that is whole: its signature closes the open one; what has none came as text already. */
  #thought(block: Loose): string {
    if (block['type'] === 'redacted_thinking') return this.#close() + this.#begin(block) + this.#close();
    if (typeof block['signature'] !== 'string') return '';
    const open =
      this.#open === 'thinking' ? '' : this.#part('thinking', { type: 'thinking_delta', thinking: String(block['thinking'] ?? '') });
    return open + this.#deltaFrame({ type: 'signature_delta', signature: block['signature'] }) + this.#close();
  }

  #call(call: NonNullable<ChatDelta['tool_calls']>[number]): string {
    let text = '';
    if (this.#open !== 'tool' || this.#tool !== call.index) {
      text += this.#close() + this.#begin({ type: 'tool_use', id: call.id ?? '', name: call.function?.name ?? '', input: {} });
      this.#open = 'tool';
      this.#tool = call.index;
    }
    const args = call.function?.arguments;
    return args ? text + this.#deltaFrame({ type: 'input_json_delta', partial_json: args }) : text;
  }

  #part(kind: 'text' | 'thinking', delta: Loose): string {
    let text = '';
    if (this.#open !== kind) {
      text += this.#close() + this.#begin(kind === 'text' ? { type: 'text', text: '' } : { type: 'thinking', thinking: '', signature: '' });
      this.#open = kind;
    }
    return text + this.#deltaFrame(delta);
  }

  #begin(block: Loose): string {
    this.#index++;
    // Whatever it is, it is open until it is closed.
    this.#open = 'text';
    return frame('content_block_start', { index: this.#index, content_block: block });
  }

  #deltaFrame(delta: Loose): string {
    return frame('content_block_delta', { index: this.#index, delta });
  }

  #close(): string {
    if (this.#open === null) return '';
    this.#open = null;
    return frame('content_block_stop', { index: this.#index });
  }
}

function frame(type: string, data: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
}
