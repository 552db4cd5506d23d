import { StillhouseError } from '../../../contracts/errors.ts';
import { isObject } from '../chat-fields.ts';
import { type ChatChunk, type ChatDelta, ChunkWriter, type ChunkTranslator, type DialectCall } from '../dialect.ts';
import { anthropicError, finishOf, REFUSED, usageOf } from './answer.ts';

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

/** Events of a streamed message (https://docs.anthropic.com/en/docs/build-with-claude/streaming). */
export class AnthropicChunks implements ChunkTranslator {
  ended = false;
  readonly #writer: ChunkWriter;
  readonly #blocks = new Map<unknown, OpenBlock>();
  #usage: Loose = {};
  #tools = 0;
  /** A prefix was sent without the white space at its end, which the answer then may begin with. */
  #skipSpace: boolean;

  constructor(call: DialectCall) {
    this.#writer = new ChunkWriter(call);
    this.#skipSpace = /\s$/.test(call.prefix);
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
      case 'error': {
        const { message, code } = anthropicError(data);
        throw new StillhouseError(
          code === 'overloaded_error' ? 'unavailable' : 'upstream_invalid',
          `Anthropic sent an error in the stream: ${message}`,
        );
      }
      default:
        // `ping`, and what they may add.
        return [];
    }
  }

  #start(message: unknown): ChatChunk[] {
    if (!isObject(message)) return [];
    if (typeof message['id'] === 'string') this.#writer.id = message['id'];
    if (typeof message['model'] === 'string') this.#writer.model = message['model'];
    if (isObject(message['usage'])) this.#usage = { ...message['usage'] };
    return [this.#writer.delta({ role: 'assistant', content: '' })];
  }

  #blockStart(index: unknown, block: unknown): ChatChunk[] {
    if (!isObject(block)) return [];
    const type = String(block['type']);
    const open: OpenBlock = { type, tool: -1, begun: false, thinking: '', signature: '', whole: block };
    this.#blocks.set(index, open);
    if (type === 'text' && typeof block['text'] === 'string' && block['text'] !== '') return this.#text(block['text']);
    if (type === 'redacted_thinking') return [this.#writer.delta({ thinking_blocks: [block] })];
    if (type !== 'tool_use') return [];
    open.tool = this.#tools++;
    const called = { name: String(block['name'] ?? ''), arguments: '' };
    return [this.#writer.delta({ tool_calls: [{ index: open.tool, id: String(block['id'] ?? ''), type: 'function', function: called }] })];
  }

  #delta(open: OpenBlock | undefined, delta: unknown): ChatChunk[] {
    if (!isObject(delta)) return [];
    if (delta['type'] === 'text_delta' && typeof delta['text'] === 'string') return this.#text(delta['text']);
    if (delta['type'] === 'thinking_delta' && typeof delta['thinking'] === 'string') {
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
    if (open?.type === 'tool_use' && !open.begun) return [this.#argumentsOf(open, JSON.stringify(open.whole['input'] ?? {}))];
    if (open?.type === 'thinking' && open.signature !== '') {
      return [this.#writer.delta({ thinking_blocks: [{ type: 'thinking', thinking: open.thinking, signature: open.signature }] })];
    }
    return [];
  }

  #finish(delta: unknown, usage: unknown): ChatChunk[] {
    if (isObject(usage)) this.#usage = { ...this.#usage, ...usage };
    const reason = isObject(delta) ? delta['stop_reason'] : undefined;
    if (reason == null) return [];
    const last: ChatDelta = reason === 'refusal' ? { refusal: REFUSED } : {};
    return [this.#writer.delta(last, { finish: finishOf(reason) })];
  }

  #end(): ChatChunk[] {
    const usage = usageOf(this.#usage);
    return usage ? [this.#writer.usage(usage)] : [];
  }

  #text(text: string): ChatChunk[] {
    const shown = this.#skipSpace ? text.trimStart() : text;
    if (shown === '') return [];
    this.#skipSpace = false;
    return [this.#writer.delta({ content: shown })];
  }

  #argumentsOf(open: OpenBlock, text: string): ChatChunk {
    return this.#writer.delta({ tool_calls: [{ index: open.tool, function: { arguments: text } }] });
  }
}
