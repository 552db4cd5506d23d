import { ProviderConfig } from '../../contracts/configuration.ts';
import type { ProviderKind } from '../../contracts/provider-kinds.ts';
import { emptySnapshot } from '../../gateway/aliases/apply-versions.ts';
import { parseChatRequest } from '../../gateway/chat/chat-request.ts';
import { StreamRecorder } from '../../gateway/chat/stream-recorder.ts';
import { framesOf } from '../../gateway/chat/stream-frames.ts';
import { CancelSignal } from '../../gateway/providers/cancel-signal.ts';
import { providerOf } from '../../gateway/providers/kinds.ts';
import type { Provider, ProviderAnswer } from '../../gateway/providers/provider.ts';

export const PROVIDER_KEY = 'sk-of-the-provider';

/** A provider of a kind at a test's address. */
export function providerAt(kind: ProviderKind, url: string, extra: object = {}): Provider {
  return providerOf(ProviderConfig.parse({ kind, baseUrl: url, allowPrivateAddress: true, ...extra }), () => PROVIDER_KEY);
}

export interface Asking {
  model?: string;
  lenient?: boolean;
  prefix?: string;
  signal?: CancelSignal;
}

/** Asks it as the gateway does. */
export function ask(
  provider: Provider,
  body: object,
  { model = 'm', lenient = false, prefix = '', signal = new CancelSignal() }: Asking = {},
) {
  const request = parseChatRequest(
    JSON.stringify({ model: 'x', messages: [{ role: 'user', content: 'Hi' }], ...body }),
    undefined,
    lenient,
  );
  return provider.call({ model, request, snapshot: emptySnapshot('default'), signal, lenient, prefix });
}

/** A whole answer's completion. */
export function completionOf(
  answer: ProviderAnswer,
): Record<string, unknown> & { choices: { message: Record<string, unknown>; finish_reason: string }[] } {
  if (answer.form !== 'whole') throw new Error('a stream came');
  return JSON.parse(answer.text) as ReturnType<typeof completionOf>;
}

export interface ReadStream {
  /** As a call without streaming would have got it. */
  completion: ReturnType<typeof completionOf>;
  recorder: StreamRecorder;
  /** Whether it ended with `[DONE]`. */
  done: boolean;
}

/** Reads a stream to its end. */
export async function readStream(answer: ProviderAnswer): Promise<ReadStream> {
  if (answer.form !== 'stream') throw new Error(`a whole answer came: ${answer.text}`);
  const chunks: Buffer[] = [];
  for await (const bytes of answer.body as AsyncIterable<Buffer>) chunks.push(bytes);
  const recorder = new StreamRecorder();
  let done = false;
  for (const { data, isDone } of framesOf(Buffer.concat(chunks).toString())) {
    if (isDone) done = true;
    else if (data !== '') recorder.take(JSON.parse(data) as object);
  }
  return { completion: JSON.parse(recorder.completion()) as ReadStream['completion'], recorder, done };
}
