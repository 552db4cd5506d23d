import { StillhouseError } from '../../contracts/errors.ts';
import { type StreamHead, type StreamRecorder, THOUGHTS } from './stream-recorder.ts';

type Chunk = Record<string, unknown>;

/**
 * Chunks of a target that goes on with an answer which another one began, as if it were one stream: with the first one's id,
 * without a role and thoughts of their own, and without the beginning where the target says it again.
 */
export class Continuation {
  /** What the target calls its model; empty where it does not say. */
  model = '';
  readonly #head: StreamHead & { model: string };
  /** What the target may still repeat. */
  #repeated: string;
  /** Text that may be a repetition, until that is known. */
  #undecided = '';
  #hasThought = false;
  #hasText = false;

  constructor(recorder: StreamRecorder) {
    this.#head = { ...recorder.head, model: recorder.model };
    this.#repeated = recorder.answerText;
  }

  /** The chunk to pass on; null where nothing of it is new. Throws `upstream_invalid` where all that was to come has become a thought. */
  take(chunk: Chunk): Chunk | null {
    if (typeof chunk['model'] === 'string' && this.model === '') this.model = chunk['model'];
    const choices = Array.isArray(chunk['choices']) ? (chunk['choices'] as unknown[]) : [];
    if (choices.length === 0) return { ...chunk, ...this.#head };
    const [choice] = choices as [{ delta?: Record<string, unknown>; finish_reason?: unknown } | null];
    const { role: _, ...delta } = choice?.delta ?? {};
    const ends = typeof choice?.finish_reason === 'string';
    const content = this.#newText(typeof delta['content'] === 'string' ? delta['content'] : '', ends);
    const { content: __, ...rest } = delta;
    for (const thought of THOUGHTS) {
      this.#hasThought ||= rest[thought] != null && rest[thought] !== '';
      delete rest[thought];
    }
    this.#hasText ||= content !== '';
    if (ends && this.#hasThought && !this.#hasText)
      throw new StillhouseError('upstream_invalid', 'The target that was to go on with an answer has thought, and said nothing more');
    const kept = Object.entries(rest).some(([, value]) => value != null && value !== '');
    if (content === '' && !ends && !kept && chunk['usage'] == null) return null;
    return { ...chunk, ...this.#head, choices: [{ ...choice, index: 0, delta: content === '' ? rest : { ...rest, content } }] };
  }

  #newText(text: string, ends: boolean): string {
    if (this.#repeated === '') return text;
    this.#undecided += text;
    if (this.#undecided.length >= this.#repeated.length && this.#undecided.startsWith(this.#repeated))
      return this.#decide(this.#undecided.slice(this.#repeated.length));
    if (!ends && this.#repeated.startsWith(this.#undecided)) return '';
    return this.#decide(this.#undecided);
  }

  #decide(text: string): string {
    this.#repeated = '';
    this.#undecided = '';
    return text;
  }
}
