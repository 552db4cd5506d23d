import { StillhouseError } from '../../../contracts/errors.ts';
import { isObject } from '../chat-fields.ts';
import { type ChatChunk, ChunkWriter, type ChunkTranslator, type DialectCall } from '../dialect.ts';
import { finishOf, logprobsOf, REFUSED, textOf, usageOf } from './answer.ts';

type Loose = Record<string, unknown>;

/** Events of a streamed chat (https://docs.cohere.com/v2/docs/streaming); `message-end` is its end mark. */
export class CohereChunks implements ChunkTranslator {
  ended = false;
  readonly #writer: ChunkWriter;
  /** Tool calls of which no argument has come yet, by index. */
  readonly #bare = new Set<number>();

  constructor(call: DialectCall) {
    this.#writer = new ChunkWriter(call);
  }

  take({ data }: { name: string; data: unknown }): ChatChunk[] {
    if (!isObject(data)) throw new StillhouseError('upstream_invalid', 'Cohere sent something in the stream that is no event');
    const delta = isObject(data['delta']) ? data['delta'] : {};
    const message = isObject(delta['message']) ? delta['message'] : {};
    switch (data['type']) {
      case 'message-start':
        if (typeof data['id'] === 'string') this.#writer.id = data['id'];
        return [this.#writer.delta({ role: 'assistant', content: '' })];
      case 'content-start':
      case 'content-delta':
        return this.#content(message['content'], data['logprobs']);
      case 'tool-plan-delta':
        return typeof message['tool_plan'] === 'string' ? [this.#writer.delta({ reasoning_content: message['tool_plan'] })] : [];
      case 'tool-call-start':
      case 'tool-call-delta':
      case 'tool-call-end':
        return this.#toolCall(typeof data['index'] === 'number' ? data['index'] : 0, message['tool_calls'], String(data['type']));
      case 'message-end':
        return this.#end(delta);
      default:
        // Citations, and what they may add.
        return [];
    }
  }

  #content(content: unknown, logprobs: unknown): ChatChunk[] {
    if (!isObject(content)) return [];
    const { text, thinking } = content;
    if (typeof thinking === 'string' && thinking !== '') return [this.#writer.delta({ reasoning_content: thinking })];
    if (typeof text !== 'string' || text === '') return [];
    return [this.#writer.delta({ content: text }, isObject(logprobs) ? { logprobs: logprobsOf([logprobs]) } : {})];
  }

  /** Arguments come piece by piece; a call without any gets an empty object. */
  #toolCall(index: number, call: unknown, type: string): ChatChunk[] {
    if (type === 'tool-call-end') {
      return this.#bare.delete(index) ? [this.#writer.delta({ tool_calls: [{ index, function: { arguments: '{}' } }] })] : [];
    }
    const given: Loose = isObject(call) ? call : {};
    const called = isObject(given['function']) ? given['function'] : {};
    const args = typeof called['arguments'] === 'string' ? called['arguments'] : '';
    if (args !== '') this.#bare.delete(index);
    else if (type === 'tool-call-start') this.#bare.add(index);
    if (type === 'tool-call-delta')
      return args === '' ? [] : [this.#writer.delta({ tool_calls: [{ index, function: { arguments: args } }] })];
    const begun = {
      index,
      id: textOf(given['id']),
      type: 'function' as const,
      function: { name: textOf(called['name']), arguments: args },
    };
    return [this.#writer.delta({ tool_calls: [begun] })];
  }

  #end(delta: Loose): ChatChunk[] {
    const finish = finishOf(delta['finish_reason'], delta['error']);
    this.ended = true;
    const usage = usageOf(delta['usage']);
    const last = this.#writer.delta(finish === 'content_filter' ? { refusal: REFUSED } : {}, { finish });
    return usage ? [last, this.#writer.usage(usage)] : [last];
  }
}
