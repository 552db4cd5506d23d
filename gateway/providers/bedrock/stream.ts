import { StillhouseError } from '../../../contracts/errors.ts';
import { isObject } from '../chat-fields.ts';
import { type ChatChunk, ChunkWriter, type ChunkTranslator, type DialectCall } from '../dialect.ts';
import { finishOf, modelIn, REFUSED, textOf, usageOf } from './answer.ts';

interface OpenBlock {
  /** Of a tool call: its index among the tool calls; -1 for anything else. */
  tool: number;
  begun: boolean;
  thinking: string;
  signature: string;
}

/** Events of ConverseStream, each an object with one member; `metadata` is the last, and `messageStop` its end mark. */
export class BedrockChunks implements ChunkTranslator {
  ended = false;
  readonly #writer: ChunkWriter;
  readonly #blocks = new Map<unknown, OpenBlock>();
  #tools = 0;
  /** A prefix was sent without the white space at its end, which the answer then may begin with. */
  #skipSpace: boolean;

  constructor(call: DialectCall) {
    this.#writer = new ChunkWriter(call);
    this.#skipSpace = /\s$/.test(call.prefix);
  }

  take({ name, data }: { name: string; data: unknown }): ChatChunk[] {
    if (!isObject(data)) throw new StillhouseError('upstream_invalid', 'Bedrock sent something in the stream that is no event');
    switch (name) {
      case 'messageStart':
        return [this.#writer.delta({ role: 'assistant', content: '' })];
      case 'contentBlockStart':
        return this.#start(data['contentBlockIndex'], data['start']);
      case 'contentBlockDelta':
        return this.#delta(this.#block(data['contentBlockIndex']), data['delta']);
      case 'contentBlockStop':
        return this.#stop(data['contentBlockIndex']);
      case 'messageStop': {
        const finish = finishOf(data['stopReason']);
        this.ended = true;
        return [this.#writer.delta(finish === 'content_filter' ? { refusal: REFUSED } : {}, { finish })];
      }
      case 'metadata': {
        const usage = usageOf(data['usage']);
        this.#writer.model = modelIn(data) ?? this.#writer.model;
        return usage ? [this.#writer.usage(usage)] : [];
      }
      default:
        return [];
    }
  }

  /** Only tool calls say that they begin. */
  #block(index: unknown): OpenBlock {
    let block = this.#blocks.get(index);
    if (!block) this.#blocks.set(index, (block = { tool: -1, begun: false, thinking: '', signature: '' }));
    return block;
  }

  #start(index: unknown, start: unknown): ChatChunk[] {
    const use = isObject(start) ? start['toolUse'] : undefined;
    if (!isObject(use)) return [];
    const block = this.#block(index);
    block.tool = this.#tools++;
    const called = { name: textOf(use['name']), arguments: '' };
    return [this.#writer.delta({ tool_calls: [{ index: block.tool, id: textOf(use['toolUseId']), type: 'function', function: called }] })];
  }

  #delta(block: OpenBlock, delta: unknown): ChatChunk[] {
    if (!isObject(delta)) return [];
    if (typeof delta['text'] === 'string') return this.#text(delta['text']);
    const { toolUse, reasoningContent: reasoning } = delta;
    if (isObject(toolUse) && typeof toolUse['input'] === 'string' && toolUse['input'] !== '' && block.tool >= 0) {
      block.begun = true;
      return [this.#writer.delta({ tool_calls: [{ index: block.tool, function: { arguments: toolUse['input'] } }] })];
    }
    if (!isObject(reasoning)) return [];
    if (typeof reasoning['signature'] === 'string') block.signature += reasoning['signature'];
    if (reasoning['redactedContent'] instanceof Uint8Array) {
      const data = Buffer.from(reasoning['redactedContent']).toString('base64');
      return [this.#writer.delta({ thinking_blocks: [{ type: 'redacted_thinking', data }] })];
    }
    if (typeof reasoning['text'] !== 'string' || reasoning['text'] === '') return [];
    block.thinking += reasoning['text'];
    return [this.#writer.delta({ reasoning_content: reasoning['text'] })];
  }

  /** A tool without arguments gets an empty object; a thought goes on whole, as it must come back. */
  #stop(index: unknown): ChatChunk[] {
    const block = this.#blocks.get(index);
    this.#blocks.delete(index);
    if (!block) return [];
    if (block.tool >= 0 && !block.begun)
      return [this.#writer.delta({ tool_calls: [{ index: block.tool, function: { arguments: '{}' } }] })];
    if (block.thinking === '' && block.signature === '') return [];
    const signature = block.signature === '' ? {} : { signature: block.signature };
    return [this.#writer.delta({ thinking_blocks: [{ type: 'thinking', thinking: block.thinking, ...signature }] })];
  }

  #text(text: string): ChatChunk[] {
    const shown = this.#skipSpace ? text.trimStart() : text;
    if (shown === '') return [];
    this.#skipSpace = false;
    return [this.#writer.delta({ content: shown })];
  }
}
