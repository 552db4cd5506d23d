import { HEADERS } from '../../contracts/http.ts';

/** An answer as it is kept: a stream chunk by chunk, anything else as one. */
export interface KeptAnswer {
  status: number;
  headers: Record<string, string>;
  streamed: boolean;
  chunks: string[];
}

/** Larger answers are not kept. */
export const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** Keeps an answer; null = it was too large. Never rejects. */
export type Keep = (answer: KeptAnswer | null) => Promise<void>;

/** Passes an answer on once it is kept; a stream as it comes, and its end once it is kept. */
export async function keepAnswer(response: Response, keep: Keep, extra: Record<string, string> = {}): Promise<Response> {
  const { status } = response;
  const headers = { ...Object.fromEntries(response.headers), ...extra };
  if (isStream(headers) && response.body) return new Response(keptStream(response.body, { status, headers }, keep), { status, headers });
  const text = await response.text();
  await keep(text.length > MAX_ANSWER_BYTES ? null : { status, headers, streamed: false, chunks: [text] });
  return new Response(text, { status, headers });
}

const REPLAYED: Record<string, string> = { [HEADERS.idempotentReplay]: 'true' };

/** The answer again. */
export function replay({ status, headers, streamed, chunks }: KeptAnswer, extra = REPLAYED): Response {
  const all = { ...headers, ...extra };
  if (!streamed) return new Response(chunks.join(''), { status, headers: all });
  const left = chunks.values();
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const { value, done } = left.next();
        if (done) controller.close();
        else controller.enqueue(Buffer.from(value));
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { status, headers: all });
}

function isStream(headers: Record<string, string>): boolean {
  return headers['content-type']?.startsWith('text/event-stream') ?? false;
}

/** A caller who goes away does not end it: the answer is paid for, and kept for when the caller asks again. */
function keptStream(
  from: ReadableStream<Uint8Array>,
  head: { status: number; headers: Record<string, string> },
  keep: Keep,
): ReadableStream<Uint8Array> {
  const reader = from.getReader();
  const chunks: string[] = [];
  let bytes = 0;
  /** null once all was kept. */
  const next = async (): Promise<Uint8Array | null> => {
    const { value, done } = await reader.read();
    if (done) {
      await keep(bytes > MAX_ANSWER_BYTES ? null : { ...head, streamed: true, chunks });
      return null;
    }
    bytes += value.length;
    // The chunks of a relayed stream are whole frames, so no character is cut.
    if (bytes <= MAX_ANSWER_BYTES) chunks.push(Buffer.from(value).toString());
    return value;
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const value = await next();
        if (value === null) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        try {
          while ((await next()) !== null);
        } catch {
          await keep(null);
        }
      },
    },
    { highWaterMark: 0 },
  );
}
