import type { StillhouseError } from '../../../contracts/errors.ts';
import { ERROR_CODES } from '../../../contracts/errors.ts';
import type { ChatChunk, ChatUsage, FinishReason } from '../../providers/dialect.ts';
import { mergeDetails, type ReasoningDetail } from '../../providers/reasoning-details.ts';
import { type AnswerParts, callId, type CallPart, firstAnswer, OpenCall } from '../answer-parts.ts';
import { keepThoughts } from '../kept-thoughts.ts';
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
  /** Blocks that go back with the answer, until its thinking is closed, or it ends. */
  #details: readonly ReasoningDetail[] = [];
  readonly #call = new OpenCall();
  #calls = 0;
  #finish: FinishReason | null = null;
  #stop: string | null = null;
  #usage: ChatUsage | null = null;

  constructor(traceId: string) {
    this.#traceId = traceId;
  }

  take(chunk: ChatChunk): string {
    let text = this.#begun ? '' : this.#start(chunk);
    if (chunk.usage) this.#usage = chunk.usage;
    const parts = firstAnswer(chunk);
    text += this.#parts(parts);
    this.#finish = parts.finish ?? this.#finish;
    this.#stop = parts.stop ?? this.#stop;
    return text;
  }

  end(): string {
    const delta = { stop_reason: stopReason(this.#finish ?? 'stop', this.#calls > 0, this.#stop), stop_sequence: this.#stop };
    let text = this.#close();
    // Blocks that came once the thinking was closed.
    if (this.#details.length > 0) text += this.#enter('thinking') + this.#close();
    return text + frame('message_delta', { delta, usage: messagesUsage(this.#usage) }) + frame('message_stop', {});
  }

  fail(error: StillhouseError): string {
    return `event: error\ndata: ${JSON.stringify(messagesError({ status: ERROR_CODES[error.code].status, message: error.message }))}\n\n`;
  }

  #start(chunk: ChatChunk): string {
    this.#begun = true;
    const message = {
      id: messageId(this.#traceId),
      type: 'message',
      role: 'assistant',
      model: chunk.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: messagesUsage(chunk.usage ?? null),
    };
    return frame('message_start', { message });
  }

  #parts({ reasoning, thoughts, details, text: said, refusal, calls }: AnswerParts): string {
    let text = '';
    this.#details = mergeDetails(this.#details, details);
    if (details.length > 0 && this.#index < 0) text += this.#enter('thinking');
    if (reasoning !== '') text += this.#part('thinking', { type: 'thinking_delta', thinking: reasoning });
    for (const block of thoughts) text += this.#thought(block);
    if (said + refusal !== '') text += this.#part('text', { type: 'text_delta', text: said + refusal });
    for (const call of calls) text += this.#callPart(call);
    return text;
  }

  /** A thought that is whole: its signature closes the open one. */
  #thought(block: Loose): string {
    if (block['type'] === 'redacted_thinking') return this.#close() + this.#begin(block) + this.#close();
    const thinking = typeof block['thinking'] === 'string' ? block['thinking'] : '';
    const open = this.#open === 'thinking' ? '' : this.#part('thinking', { type: 'thinking_delta', thinking });
    return open + this.#deltaFrame({ type: 'signature_delta', signature: block['signature'] }) + this.#close();
  }

  #callPart(call: CallPart): string {
    let text = '';
    if (this.#call.begins(call)) {
      const block = { type: 'tool_use', id: callId(call, this.#traceId, this.#calls++), name: call.name, input: {} };
      text += this.#close() + this.#begin(block);
      this.#open = 'tool';
    }
    return call.arguments === '' ? text : text + this.#deltaFrame({ type: 'input_json_delta', partial_json: call.arguments });
  }

  #part(kind: 'text' | 'thinking', delta: Loose): string {
    return this.#enter(kind) + this.#deltaFrame(delta);
  }

  /** Has a block of that kind open. */
  #enter(kind: 'text' | 'thinking'): string {
    if (this.#open === kind) return '';
    const closed = this.#close();
    const begun = this.#begin(kind === 'text' ? { type: 'text', text: '' } : { type: 'thinking', thinking: '', signature: '' });
    this.#open = kind;
    return closed + begun;
  }

  #begin(block: Loose): string {
    this.#index++;
    if (block['type'] !== 'tool_use') this.#call.end();
    // Whatever it is, it is open until it is closed.
    this.#open = 'text';
    return frame('content_block_start', { index: this.#index, content_block: block });
  }

  #deltaFrame(delta: Loose): string {
    return frame('content_block_delta', { index: this.#index, delta });
  }

  #close(): string {
    if (this.#open === null) return '';
    let text = '';
    if (this.#open === 'thinking' && this.#details.length > 0) {
      text += this.#deltaFrame({ type: 'signature_delta', signature: keepThoughts(this.#details) });
      this.#details = [];
    }
    this.#open = null;
    return text + frame('content_block_stop', { index: this.#index });
  }
}

function frame(type: string, data: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
}
