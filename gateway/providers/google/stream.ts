import { StillhouseError } from '../../../contracts/errors.ts';
import { isObject } from '../chat-fields.ts';
import { type ChatChunk, type ChatDelta, type ChatUsage, ChunkWriter, type ChunkTranslator, type DialectCall } from '../dialect.ts';
import { blockReason, candidatesOf, failureOf, logprobsOf, refuseError, signedText, type SignedText, usageOf } from './answer.ts';
import { finishOf, hasFailed, refusalOf } from './finish.ts';
import { CandidateReader } from './parts.ts';

interface Candidate {
  reader: CandidateReader;
  /** The last signature of a thought behind its text; it goes on once, at the end. */
  signature: string | null;
  finished: boolean;
  hasText: boolean;
}

/** Parts of a streamed answer: each event is an answer's shape with what is new; function calls come whole. There is no end mark but the finish reasons. */
export class GoogleChunks implements ChunkTranslator {
  readonly #writer: ChunkWriter;
  readonly #candidates = new Map<number, Candidate>();
  #usage: ChatUsage | null = null;
  #blocked = false;
  /** The usage that went on, for a later event may have more of it. */
  #counted = '';

  constructor(call: DialectCall) {
    this.#writer = new ChunkWriter(call);
  }

  get ended(): boolean {
    return this.#blocked || (this.#candidates.size > 0 && [...this.#candidates.values()].every(({ finished }) => finished));
  }

  take({ data }: { name: string; data: unknown }): ChatChunk[] {
    refuseError(data);
    if (!isObject(data)) throw new StillhouseError('upstream_invalid', 'Google sent something in the stream that is no content');
    if (typeof data['responseId'] === 'string') this.#writer.id = data['responseId'];
    if (typeof data['modelVersion'] === 'string') this.#writer.model = data['modelVersion'];
    this.#usage = usageOf(data['usageMetadata']) ?? this.#usage;
    const candidates = candidatesOf(data);
    const chunks = candidates.flatMap(({ candidate, index }) => this.#candidate(candidate, index));
    const blocked = blockReason(data);
    if (blocked !== null && candidates.length === 0 && !this.#blocked) {
      this.#blocked = true;
      chunks.push(this.#writer.delta({ role: 'assistant', refusal: refusalOf(blocked) }, { finish: 'content_filter' }));
    }
    return [...chunks, ...this.#count()];
  }

  /** The last event has both the reasons and the whole usage. */
  #count(): ChatChunk[] {
    if (!this.ended || !this.#usage) return [];
    const counted = JSON.stringify(this.#usage);
    if (counted === this.#counted) return [];
    this.#counted = counted;
    return [this.#writer.usage(this.#usage)];
  }

  #candidate(candidate: Record<string, unknown>, index: number): ChatChunk[] {
    const known = this.#candidates.get(index);
    const state: Candidate = known ?? { reader: new CandidateReader(index), signature: null, finished: false, hasText: false };
    this.#candidates.set(index, state);
    const reason = candidate['finishReason'];
    if (this.#candidates.size === 1 && hasFailed(reason)) throw failureOf(candidate);
    const before = state.reader.calls;
    const { text, reasoning, calls, signature } = state.reader.read(candidate, this.#writer.id);
    state.signature = signature ?? state.signature;
    const finish = finishOf(reason, state.reader.calls > 0);
    state.hasText ||= text !== '';
    // An answer of nothing is an empty text.
    const nothing = (finish === 'stop' || finish === 'length') && !state.hasText && state.reader.calls === 0;
    const delta: ChatDelta & SignedText = {
      ...(known ? {} : { role: 'assistant' as const }),
      ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
      ...(text === '' && !nothing ? {} : { content: text }),
      ...(finish === 'content_filter' ? { refusal: refusalOf(reason) } : {}),
      ...(calls.length > 0 ? { tool_calls: calls.map((call, at) => ({ index: before + at, ...call })) } : {}),
      ...(finish === null ? {} : signedText(state.signature)),
    };
    if (finish !== null) state.finished = true;
    const logprobs = logprobsOf(candidate['logprobsResult']) ?? undefined;
    if (Object.keys(delta).length === 0 && finish === null && logprobs === undefined) return [];
    return [this.#writer.delta(delta, { finish, index, logprobs })];
  }
}
