import { StillhouseError } from '../../../contracts/errors.ts';
import { argumentsText } from '../arguments-text.ts';
import { isObject } from '../chat-fields.ts';
import { type ChatChunk, type ChatDelta, ChunkWriter, type ChunkTranslator, type DialectCall } from '../dialect.ts';
import { anthropicError, finishOf, refusalOf, textOr, usageOf } from './answer.ts';

type Loose = Record<string, unknown>;

interface OpenBlock {
  type: string;
  /** Of a tool call: its index among the tool calls, and whether any of its arguments has come. */
  tool: number;
  begun: boolean;
  thinking: string;
  signature: string;
  /** As it came, of a kind that goes back whole. */
  whole: Loose;
}

/** Events of a streamed message (https://platform.claude.com/docs/en/build-with-claude/streaming). */
export class AnthropicChunks implements ChunkTranslator {
  ended = false;
  readonly #writer: ChunkWriter;
  readonly #blocks = new Map<unknown, OpenBlock>();
  #usage: Loose = {};
  #tools = 0;
  #hasText = false;
  /** White space that ends the caller's text and was not sent: the answer may begin with it once more. */
  #repeated: string;

  constructor(call: DialectCall) {
    this.#writer = new ChunkWriter(call);
    this.#repeated = call.prefix.slice(call.prefix.trimEnd().length);
  }

  take({ data }: { name: string; data: unknown }): ChatChunk[] {
    if (!isObject(data)) throw new StillhouseError('upstream_invalid', 'Anthropic sent something in the stream that is no event');
    switch (data['type']) {
      case 'message_start':
        return this.#start(data['message']);
      case 'content_block_start':
        return this.#blockStart(data['index'], data['content_block']);
      case 'content_block_delta':
        return this.#delta(this.#blocks.get(data['index']), data['delta']);
      case 'content_block_stop':
        return this.#blockStop(data['index']);
      case 'message_delta':
        return this.#finish(data['delta'], data['usage']);
      case 'message_stop':
        this.ended = true;
        return this.#end();
      case 'error':
        throw failureOf(data);
      default:
        // `ping`, and what they may add.
        return [];
    }
  }

  #start(message: unknown): ChatChunk[] {
    if (!isObject(message)) return [];
    if (typeof message['id'] === 'string') this.#writer.id = message['id'];
    if (typeof message['model'] === 'string') this.#writer.model = message['model'];
    this.#count(message['usage']);
    return [this.#writer.delta({ role: 'assistant' })];
  }

  #blockStart(index: unknown, block: unknown): ChatChunk[] {
    if (!isObject(block)) return [];
    const type = textOr(block['type'], '');
    const signature = textOr(block['signature'], '');
    const open: OpenBlock = { type, tool: -1, begun: false, thinking: textOr(block['thinking'], ''), signature, whole: block };
    this.#blocks.set(index, open);
    if (type === 'text') return this.#text(textOr(block['text'], ''));
    if (type === 'thinking' && open.thinking !== '') return [this.#writer.delta({ reasoning_content: open.thinking })];
    if (type === 'redacted_thinking') return [this.#writer.delta({ thinking_blocks: [block] })];
    if (type !== 'tool_use') return [];
    open.tool = this.#tools++;
    const called = { name: textOr(block['name'], ''), arguments: '' };
    return [this.#writer.delta({ tool_calls: [{ index: open.tool, id: textOr(block['id'], ''), type: 'function', function: called }] })];
  }

  #delta(open: OpenBlock | undefined, delta: unknown): ChatChunk[] {
    if (!isObject(delta)) return [];
    if (delta['type'] === 'text_delta' && typeof delta['text'] === 'string') return this.#text(delta['text']);
    if (delta['type'] === 'thinking_delta' && typeof delta['thinking'] === 'string' && delta['thinking'] !== '') {
      if (open) open.thinking += delta['thinking'];
      return [this.#writer.delta({ reasoning_content: delta['thinking'] })];
    }
    if (delta['type'] === 'signature_delta' && typeof delta['signature'] === 'string' && open) open.signature += delta['signature'];
    if (delta['type'] === 'input_json_delta' && typeof delta['partial_json'] === 'string' && open && open.tool >= 0) {
      if (delta['partial_json'] === '') return [];
      open.begun = true;
      return [this.#argumentsOf(open, delta['partial_json'])];
    }
    return [];
  }

  /** A tool without arguments gets an empty object; a thought goes on whole, as it must come back. */
  #blockStop(index: unknown): ChatChunk[] {
    const open = this.#blocks.get(index);
    this.#blocks.delete(index);
    if (open?.type === 'tool_use' && !open.begun) return [this.#argumentsOf(open, argumentsText(open.whole['input'], 'Anthropic'))];
    if (open?.type === 'thinking' && open.signature !== '') {
      return [this.#writer.delta({ thinking_blocks: [{ type: 'thinking', thinking: open.thinking, signature: open.signature }] })];
    }
    return [];
  }

  #finish(delta: unknown, usage: unknown): ChatChunk[] {
    this.#count(usage);
    if (!isObject(delta) || delta['stop_reason'] == null) return [];
    const refusal = refusalOf(delta);
    // An answer of nothing is an empty text.
    const last: ChatDelta = refusal !== null ? { refusal } : this.#hasText || this.#tools > 0 ? {} : { content: '' };
    const stop = typeof delta['stop_sequence'] === 'string' ? { stop: delta['stop_sequence'] } : {};
    return [this.#writer.delta(last, { finish: finishOf(delta['stop_reason']), ...stop })];
  }

  /** Counts go up to what the whole answer took; one that is null says nothing. */
  #count(usage: unknown): void {
    if (!isObject(usage)) return;
    this.#usage = { ...this.#usage, ...Object.fromEntries(Object.entries(usage).filter(([, value]) => value != null)) };
  }

  #end(): ChatChunk[] {
    const usage = usageOf(this.#usage);
    return usage ? [this.#writer.usage(usage)] : [];
  }

  #text(text: string): ChatChunk[] {
    let at = 0;
    while (at < text.length && text[at] === this.#repeated[at]) at++;
    this.#repeated = at < text.length ? '' : this.#repeated.slice(at);
    if (at === text.length) return [];
    this.#hasText = true;
    return [this.#writer.delta({ content: text.slice(at) })];
  }

  #argumentsOf(open: OpenBlock, text: string): ChatChunk {
    return this.#writer.delta({ tool_calls: [{ index: open.tool, function: { arguments: text } }] });
  }
}

function failureOf(data: Loose): StillhouseError {
  const { message, code } = anthropicError(data);
  const ours = code === 'overloaded_error' ? 'unavailable' : 'upstream_invalid';
  return new StillhouseError(ours, `Anthropic sent an error in the stream: ${message}`);
}
