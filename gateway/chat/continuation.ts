import type { StreamHead, StreamRecorder } from './stream-recorder.ts';

type Chunk = Record<string, unknown>;

/**
 * Chunks of a target that goes on with an answer which another one began, as if it were one stream: with the first one's id,
 * without a role of their own, and without the beginning where the target says it again.
 */
export class Continuation {
  readonly #head: StreamHead & { model: string };
  /** What the target may still repeat. */
  #repeated: string;
  /** Text that may be a repetition, until that is known. */
  #undecided = '';

  constructor(recorder: StreamRecorder) {
    this.#head = { ...recorder.head, model: recorder.model };
    this.#repeated = recorder.answerText;
  }

  /** The chunk to pass on; null where nothing of it is new. */
  take(chunk: Chunk): Chunk | null {
    const choices = Array.isArray(chunk['choices']) ? (chunk['choices'] as unknown[]) : [];
    if (choices.length === 0) return { ...chunk, ...this.#head };
    const [choice] = choices as [{ delta?: Record<string, unknown>; finish_reason?: unknown } | null];
    const { role: _, ...delta } = choice?.delta ?? {};
    const ends = typeof choice?.finish_reason === 'string';
    const content = this.#newText(typeof delta['content'] === 'string' ? delta['content'] : '', ends);
    const { content: __, ...rest } = delta;
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
