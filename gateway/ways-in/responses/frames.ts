import type { StillhouseError } from '../../../contracts/errors.ts';
import type { ChatChunk, ChatUsage, FinishReason } from '../../providers/dialect.ts';
import { type AnswerParts, callId, type CallPart, firstAnswer, OpenCall } from '../answer-parts.ts';
import { mergeDetails, type ReasoningDetail } from '../../providers/reasoning-details.ts';
import type { FrameTranslator } from '../way-in.ts';
import { type ContentPart, itemId, type OutputItem, reasoningItem, responseOf, statusOf } from './answer.ts';

type Loose = Readonly<Record<string, unknown>>;
type MessageItem = Extract<OutputItem, { type: 'message' }>;

/** Writes a streamed response (https://platform.openai.com/docs/api-reference/responses-streaming): one item is open at a time. */
export class ResponseFrames implements FrameTranslator {
  readonly #asked: Loose;
  readonly #traceId: string;
  readonly #output: OutputItem[] = [];
  #number = 0;
  #createdAt = Math.floor(Date.now() / 1000);
  #model = '';
  #begun = false;
  #open: OutputItem | null = null;
  /** Of the open reasoning: its text and its provider's blocks. */
  #thought = { text: '', blocks: [] as unknown[] };
  /** Blocks that go back with the answer, until its reasoning is closed, or it ends. */
  #details: readonly ReasoningDetail[] = [];
  readonly #call = new OpenCall();
  #calls = 0;
  #finish: FinishReason | null = null;
  #usage: ChatUsage | null = null;
  /** Of the open part. */
  #logprobs: unknown[] = [];

  constructor(asked: Loose, traceId: string) {
    this.#asked = asked;
    this.#traceId = traceId;
  }

  take(chunk: ChatChunk): string {
    let text = this.#begun ? '' : this.#start(chunk);
    if (chunk.usage) this.#usage = chunk.usage;
    const parts = firstAnswer(chunk);
    text += this.#parts(parts);
    this.#finish = parts.finish ?? this.#finish;
    return text;
  }

  end(): string {
    let text = this.#close();
    // Blocks that came once the reasoning was closed.
    if (this.#details.length > 0) text += this.#think('', []) + this.#close();
    // An answer without anything is an empty text.
    if (this.#output.every((item) => item.type === 'reasoning')) text += this.#part('output_text') + this.#close();
    const response = this.#response(this.#finish ?? 'stop');
    return text + this.#frame(response.status === 'incomplete' ? 'response.incomplete' : 'response.completed', { response });
  }

  fail(error: StillhouseError): string {
    const { code, message } = error;
    if (this.#open && this.#open.type !== 'reasoning') this.#open.status = 'incomplete';
    const response = responseOf(this.#asked, this.#traceId, { ...this.#state(null), error: { code: 'server_error', message } });
    return this.#frame('error', { code, message, param: null }) + this.#frame('response.failed', { response });
  }

  #start(chunk: ChatChunk): string {
    this.#begun = true;
    this.#model = chunk.model;
    if (Number.isInteger(chunk.created)) this.#createdAt = chunk.created;
    return (
      this.#frame('response.created', { response: this.#response(null) }) +
      this.#frame('response.in_progress', { response: this.#response(null) })
    );
  }

  #parts({ reasoning, thoughts, details, text: said, refusal, calls, logprobs }: AnswerParts): string {
    let text = '';
    this.#details = mergeDetails(this.#details, details);
    const early = details.length > 0 && this.#open === null;
    if (early || reasoning !== '' || thoughts.length > 0) text += this.#think(reasoning, thoughts);
    if (said !== '') {
      text += this.#part('output_text');
      this.#logprobs.push(...logprobs);
      (this.#message().content.at(-1) as { text: string }).text += said;
      text += this.#frame('response.output_text.delta', { ...this.#place(), delta: said, logprobs });
    }
    if (refusal !== '') {
      text += this.#part('refusal');
      (this.#message().content.at(-1) as { refusal: string }).refusal += refusal;
      text += this.#frame('response.refusal.delta', { ...this.#place(), delta: refusal });
    }
    for (const call of calls) text += this.#callPart(call);
    return text;
  }

  #think(said: string, blocks: unknown[]): string {
    let text = '';
    if (this.#open?.type !== 'reasoning') {
      this.#thought = { text: '', blocks: [] };
      text += this.#add((id) => ({ id, type: 'reasoning', summary: [] }), 'rs');
    }
    if (said !== '') {
      const at = { ...this.#itemPlace(), summary_index: 0 };
      if (this.#thought.text === '')
        text += this.#frame('response.reasoning_summary_part.added', { ...at, part: { type: 'summary_text', text: '' } });
      text += this.#frame('response.reasoning_summary_text.delta', { ...at, delta: said });
    }
    this.#thought = { text: this.#thought.text + said, blocks: [...this.#thought.blocks, ...blocks] };
    return text;
  }

  /** Has a part of a message open. */
  #part(type: ContentPart['type']): string {
    let text = '';
    if (this.#open?.type !== 'message')
      text += this.#add((id) => ({ id, type: 'message', role: 'assistant', status: 'in_progress', content: [] }), 'msg');
    const { content } = this.#message();
    if (content.at(-1)?.type === type) return text;
    text += this.#closePart();
    const part: ContentPart = type === 'refusal' ? { type, refusal: '' } : { type, text: '', annotations: [], logprobs: [] };
    content.push(part);
    this.#logprobs = [];
    return text + this.#frame('response.content_part.added', { ...this.#place(), part: structuredClone(part) });
  }

  #callPart(call: CallPart): string {
    let text = '';
    if (this.#call.begins(call)) {
      const made = { status: 'in_progress', call_id: callId(call, this.#traceId, this.#calls++), name: call.name, arguments: '' };
      text += this.#add((id) => ({ id, type: 'function_call', ...made }), 'fc');
    }
    if (call.arguments === '' || this.#open?.type !== 'function_call') return text;
    this.#open.arguments += call.arguments;
    return text + this.#frame('response.function_call_arguments.delta', { ...this.#itemPlace(), delta: call.arguments });
  }

  #add(make: (id: string) => OutputItem, kind: 'rs' | 'msg' | 'fc'): string {
    const closed = this.#close();
    if (kind !== 'fc') this.#call.end();
    this.#open = make(itemId(kind, this.#traceId, this.#output.length));
    this.#output.push(this.#open);
    return closed + this.#frame('response.output_item.added', { output_index: this.#output.length - 1, item: structuredClone(this.#open) });
  }

  #close(): string {
    const item = this.#open;
    if (item === null) return '';
    let text = '';
    if (item.type === 'message') text += this.#closePart();
    if (item.type === 'function_call')
      text += this.#frame('response.function_call_arguments.done', { ...this.#itemPlace(), name: item.name, arguments: item.arguments });
    if (item.type === 'reasoning') {
      const { text: said, blocks } = this.#thought;
      const at = { ...this.#itemPlace(), summary_index: 0 };
      if (said !== '') {
        text += this.#frame('response.reasoning_summary_text.done', { ...at, text: said });
        text += this.#frame('response.reasoning_summary_part.done', { ...at, part: { type: 'summary_text', text: said } });
      }
      Object.assign(item, reasoningItem(item.id, said, [...blocks, ...this.#details]));
      this.#details = [];
    } else item.status = statusOf(this.#finish ?? 'stop', this.#output);
    text += this.#frame('response.output_item.done', { output_index: this.#output.length - 1, item: structuredClone(item) });
    this.#open = null;
    return text;
  }

  #closePart(): string {
    const part = this.#message().content.at(-1);
    if (part === undefined) return '';
    let text = '';
    if (part.type === 'output_text') {
      part.logprobs = this.#logprobs;
      text += this.#frame('response.output_text.done', { ...this.#place(), text: part.text, logprobs: part.logprobs });
    } else text += this.#frame('response.refusal.done', { ...this.#place(), refusal: part.refusal });
    return text + this.#frame('response.content_part.done', { ...this.#place(), part: structuredClone(part) });
  }

  #message(): MessageItem {
    if (this.#open?.type !== 'message') throw new Error('no message is open');
    return this.#open;
  }

  #itemPlace() {
    return { item_id: this.#open?.id, output_index: this.#output.length - 1 };
  }

  #place() {
    return { ...this.#itemPlace(), content_index: this.#message().content.length - 1 };
  }

  #state(finish: FinishReason | null) {
    return {
      createdAt: this.#createdAt,
      model: this.#model,
      output: structuredClone(this.#output),
      finish,
      usage: finish === null ? null : this.#usage,
    };
  }

  #response(finish: FinishReason | null) {
    return responseOf(this.#asked, this.#traceId, this.#state(finish));
  }

  #frame(type: string, data: object): string {
    return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: this.#number++, ...data })}\n\n`;
  }
}
