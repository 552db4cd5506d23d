import { StillhouseError } from '../../../contracts/errors.ts';
import { isObject } from '../chat-fields.ts';
import { type ChatChunk, type ChatDelta, type ChatUsage, ChunkWriter, type ChunkTranslator, type DialectCall } from '../dialect.ts';
import { blockReason, finishOf, googleError, logprobsOf, partsOf, refusalOf, usageOf } from './answer.ts';

/** Parts of a streamed answer: each event is an answer's shape with what is new; function calls come whole. There is no end mark but the finish reasons. */
export class GoogleChunks implements ChunkTranslator {
  readonly #writer: ChunkWriter;
  readonly #calls = new Map<number, number>();
  #usage: ChatUsage | null = null;
  #finished = false;
  #counted = false;

  constructor(call: DialectCall) {
    this.#writer = new ChunkWriter(call);
  }

  get ended(): boolean {
    return this.#finished;
  }

  take({ data }: { name: string; data: unknown }): ChatChunk[] {
    if (!isObject(data)) throw new StillhouseError('upstream_invalid', 'Google sent something in the stream that is no content');
    if (isObject(data['error'])) {
      const { message, code } = googleError(data);
      throw new StillhouseError(
        code === 'UNAVAILABLE' ? 'unavailable' : 'upstream_invalid',
        `Google sent an error in the stream: ${message}`,
      );
    }
    if (typeof data['responseId'] === 'string') this.#writer.id = data['responseId'];
    if (typeof data['modelVersion'] === 'string') this.#writer.model = data['modelVersion'];
    this.#usage = usageOf(data['usageMetadata']) ?? this.#usage;
    const candidates = Array.isArray(data['candidates']) ? data['candidates'].filter(isObject) : [];
    const chunks = candidates.flatMap((candidate, at) =>
      this.#candidate(candidate, typeof candidate['index'] === 'number' ? candidate['index'] : at),
    );
    const blocked = blockReason(data);
    if (blocked !== null && candidates.length === 0) {
      this.#finished = true;
      chunks.push(this.#writer.delta({ role: 'assistant', refusal: refusalOf(blocked) }, { finish: 'content_filter' }));
    }
    // The last event has both the reason and the whole usage.
    if (this.#finished && !this.#counted && this.#usage) {
      this.#counted = true;
      chunks.push(this.#writer.usage(this.#usage));
    }
    return chunks;
  }

  #candidate(candidate: Record<string, unknown>, index: number): ChatChunk[] {
    const before = this.#calls.get(index) ?? 0;
    const { text, reasoning, calls } = partsOf(candidate, before);
    this.#calls.set(index, before + calls.length);
    const finish = finishOf(candidate['finishReason'], before + calls.length > 0);
    if (finish !== null) this.#finished = true;
    const delta: ChatDelta = {
      ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
      ...(text === '' ? {} : { content: text }),
      ...(finish === 'content_filter' ? { refusal: refusalOf(String(candidate['finishReason'])) } : {}),
      ...(calls.length > 0 ? { tool_calls: calls.map((call, at) => ({ index: before + at, ...call })) } : {}),
    };
    const logprobs = logprobsOf(candidate['logprobsResult']) ?? undefined;
    return Object.keys(delta).length === 0 && finish === null ? [] : [this.#writer.delta(delta, { finish, index, logprobs })];
  }
}
