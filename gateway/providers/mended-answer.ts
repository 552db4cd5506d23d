import { parseWritable } from '../../core/json-nesting.ts';
import type { Readable } from 'node:stream';
import { FrameSplitter, framesOf } from '../chat/stream-frames.ts';
import { cuttableStream } from './cuttable-stream.ts';
import type { ProviderAnswer } from './provider.ts';

type Mender = (answer: Record<string, unknown>) => Record<string, unknown>;

/** Mends an answer; one that is no JSON or too deep, and an error, go on as they came. */
export function mendedAnswer(answer: ProviderAnswer, { completion, chunk }: { completion?: Mender; chunk?: Mender }): ProviderAnswer {
  if (answer.form === 'stream') {
    const { body } = answer;
    return chunk ? { ...answer, body: cuttableStream(mendedFrames(body, chunk), () => body.destroy()) } : answer;
  }
  return completion && answer.status < 400 ? { ...answer, text: mendedText(answer.text, completion) } : answer;
}

async function* mendedFrames(body: Readable, chunk: Mender): AsyncGenerator<Buffer> {
  const splitter = new FrameSplitter();
  for await (const bytes of body as AsyncIterable<Buffer>) {
    const whole = splitter.push(bytes);
    if (whole !== null) yield mendedBytes(whole, chunk);
  }
  const last = splitter.last();
  const torn = splitter.rest();
  if (last) yield mendedBytes(last, chunk);
  else if (torn) yield torn;
}

function mendedBytes(whole: Buffer, chunk: Mender): Buffer {
  const text = framesOf(whole.toString()).map(({ text, data, isDone }) => {
    if (data === '' || isDone) return text;
    const mended = mendedText(data, chunk);
    return mended === data ? text : `data: ${mended}\n\n`;
  });
  return Buffer.from(text.join(''));
}

function mendedText(text: string, mend: Mender): string {
  let parsed: unknown;
  try {
    parsed = parseWritable(text);
  } catch {
    return text;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return text;
  return JSON.stringify(mend(parsed as Record<string, unknown>));
}
