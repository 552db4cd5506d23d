import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ProviderConfig } from '../../contracts/configuration.ts';
import { emptySnapshot } from '../aliases/apply-versions.ts';
import { parseChatRequest } from '../chat/chat-request.ts';
import { framesOf } from '../chat/stream-frames.ts';
import { StreamRecorder } from '../chat/stream-recorder.ts';
import { CancelSignal } from './cancel-signal.ts';
import type { Provider, ProviderAnswer } from './provider.ts';

type MakeProvider = (config: ProviderConfig, secret: (name: string) => string | undefined) => Provider;

/** A provider over HTTP before a server that answers what a test says. */
export class Upstream {
  /** What came last. */
  asked: { url: string; headers: IncomingMessage['headers']; body: Record<string, unknown> } = { url: '', headers: {}, body: {} };
  /** Answers that were closed before their end. */
  closed = 0;
  answer: (response: ServerResponse) => void = (response) => void response.end();
  readonly #server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (bytes: Buffer) => parts.push(bytes));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>;
      this.asked = { url: request.url!, headers: request.headers, body };
      response.on('close', () => (this.closed += response.writableFinished ? 0 : 1));
      this.answer(response);
    });
  });
  #provider: Provider | null = null;

  /** `path` is that of the provider's base URL. */
  async open(make: MakeProvider, kind: ProviderConfig['kind'], path: string): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const baseUrl = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
    this.#provider = make(ProviderConfig.parse({ kind, baseUrl, allowPrivateAddress: true }), () => 'the-key');
  }

  async close(): Promise<void> {
    await this.#provider?.close();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  json(body: object, status = 200, more: Record<string, string> = {}): void {
    this.answer = (response) => void response.writeHead(status, { 'content-type': 'application/json', ...more }).end(JSON.stringify(body));
  }

  /** A stream in pieces that cut frames and letters in two. */
  stream(...frames: string[]): void {
    const bytes = Buffer.from(frames.join(''));
    this.answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (let at = 0; at < bytes.length; at += 7) response.write(bytes.subarray(at, at + 7));
      response.end();
    };
  }

  ask(model: string, stream: boolean, { signal = new CancelSignal(), prefix = '' } = {}): Promise<ProviderAnswer> {
    const text = JSON.stringify({ model: 'x', messages: [{ role: 'user', content: 'Hi' }], stream });
    const request = parseChatRequest(text, undefined);
    return this.#provider!.call({ model, request, snapshot: emptySnapshot('default'), signal, prefix });
  }
}

/** A whole answer's body. */
export function wholeBody(given: ProviderAnswer): Record<string, unknown> {
  if (given.form !== 'whole') throw new Error('a stream came');
  return JSON.parse(given.text) as Record<string, unknown>;
}

/** What a client puts together of a stream, and whether its end mark came. */
export async function readStream(given: ProviderAnswer) {
  if (given.form !== 'stream') throw new Error('a whole answer came');
  const bytes = Buffer.concat((await Array.fromAsync(given.body)) as Buffer[]);
  const recorder = new StreamRecorder();
  const frames = framesOf(bytes.toString());
  for (const { data, isDone } of frames) if (data !== '' && !isDone) recorder.take(JSON.parse(data) as object);
  return { done: frames.some(({ isDone }) => isDone), completion: JSON.parse(recorder.completion()) as Record<string, unknown>, recorder };
}
