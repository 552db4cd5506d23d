import { isUtf8 } from 'node:buffer';
import { HEADERS } from '../../contracts/http.ts';
import type { Answer, AnswerSink, AnswerStream } from '../chat/answer.ts';

/** An answer as it is kept: a stream chunk by chunk, anything else as one. */
export interface KeptAnswer {
  status: number;
  headers: Record<string, string>;
  streamed: boolean;
  /** Bytes that are no text in base64. */
  chunks: (string | { base64: string })[];
}

/** Larger answers are not kept. */
export const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** Keeps an answer; null = it was too large. Never rejects. */
export type Keep = (answer: KeptAnswer | null) => Promise<void>;

/** Passes an answer on once it is kept; a stream as it comes, and its end once it is kept. */
export async function keepAnswer(answer: Answer, keep: Keep, extra: Record<string, string> = {}): Promise<Answer> {
  const { status, body } = answer;
  const headers = { ...answer.headers, ...extra };
  if (typeof body !== 'string') return { status, headers, body: new KeptStream(body, { status, headers: { ...headers } }, keep) };
  await keep(body.length > MAX_ANSWER_BYTES ? null : { status, headers: { ...headers }, streamed: false, chunks: [body] });
  return { status, headers, body };
}

const REPLAYED: Record<string, string> = { [HEADERS.idempotentReplay]: 'true' };

/** The answer again. */
export function replay({ status, headers, streamed, chunks }: KeptAnswer, extra = REPLAYED): Answer {
  const all = { ...headers, ...extra };
  if (!streamed) return { status, headers: all, body: chunks.map((chunk) => bytesOf(chunk).toString()).join('') };
  const left = chunks.values();
  const body: AnswerStream = {
    pull(sink) {
      const { value, done } = left.next();
      if (done) sink.close();
      else sink.enqueue(bytesOf(value));
      return Promise.resolve();
    },
    cancel: () => Promise.resolve(),
  };
  return { status, headers: all, body };
}

/** Chunks of a relayed stream are whole frames of text; those of what is passed through are sound, or end within a character. */
function keptChunk(bytes: Uint8Array): string | { base64: string } {
  const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return isUtf8(chunk) ? chunk.toString() : { base64: chunk.toString('base64') };
}

function bytesOf(chunk: KeptAnswer['chunks'][number]): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk.base64, 'base64');
}

/** A caller who goes away does not end it: the answer is paid for, and kept for when the caller asks again. */
class KeptStream implements AnswerStream {
  readonly #from: AnswerStream;
  readonly #head: { status: number; headers: Record<string, string> };
  readonly #keep: Keep;
  readonly #chunks: KeptAnswer['chunks'] = [];
  #bytes = 0;
  #over = false;

  constructor(from: AnswerStream, head: { status: number; headers: Record<string, string> }, keep: Keep) {
    this.#from = from;
    this.#head = head;
    this.#keep = keep;
  }

  async pull(sink: AnswerSink): Promise<void> {
    await this.#from.pull({
      enqueue: (bytes) => {
        this.#bytes += bytes.length;
        if (this.#bytes <= MAX_ANSWER_BYTES) this.#chunks.push(keptChunk(bytes));
        sink.enqueue(bytes);
      },
      close: () => (this.#over = true),
    });
    if (!this.#over) return;
    await this.#keep(this.#bytes > MAX_ANSWER_BYTES ? null : { ...this.#head, streamed: true, chunks: this.#chunks });
    sink.close();
  }

  async cancel(): Promise<void> {
    const nobody = { enqueue: () => undefined, close: () => undefined };
    try {
      while (!this.#over) await this.pull(nobody);
    } catch {
      await this.#keep(null);
    }
  }
}
