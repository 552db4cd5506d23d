/** Takes the bytes of a streamed answer. */
export interface AnswerSink {
  enqueue(bytes: Uint8Array): void;
  close(): void;
}

/** A streamed answer: asked for its next bytes as fast as the caller reads. */
export interface AnswerStream {
  /** Hands over at least one piece, or closes. */
  pull(sink: AnswerSink): Promise<void>;
  /** The caller has gone away. */
  cancel(): Promise<void>;
}

/** What a call's handler answers: plain, for a `Response` is made only where Hono asks for one. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string | AnswerStream;
}

/** Statuses of answers that have no body: a `Response` refuses even an empty one. */
const WITHOUT_BODY = new Set([204, 205, 304]);

/** The answer as Hono wants it. */
export function toResponse({ status, headers, body }: Answer): Response {
  if (typeof body === 'string') return new Response(WITHOUT_BODY.has(status) ? null : body, { status, headers });
  const stream = new ReadableStream<Uint8Array>(
    { pull: (controller) => body.pull(controller), cancel: () => body.cancel() },
    // Nothing is read ahead: the caller's pace is the provider's.
    { highWaterMark: 0 },
  );
  return new Response(stream, { status, headers });
}
