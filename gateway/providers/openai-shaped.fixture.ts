import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ProviderConfig } from '../../contracts/configuration.ts';
import type { ProviderKind } from '../../contracts/provider-kinds.ts';
import { emptySnapshot } from '../aliases/apply-versions.ts';
import { parseChatRequest } from '../chat/chat-request.ts';
import { CancelSignal } from './cancel-signal.ts';
import { providerOf } from './kinds.ts';
import type { Provider, ProviderAnswer, ProviderCall } from './provider.ts';

/** How a body comes. */
interface Circumstances {
  lenient?: boolean;
  /** By another API. */
  translated?: boolean;
  byAlias?: boolean;
  /** The provider's name of the model. */
  model?: string;
}

/** One server behind providers of each kind that speaks OpenAI's dialect. */
export class ShapedUpstream {
  /** The body that came last, and its text. */
  sent: Record<string, unknown> = {};
  sentText = '';
  /** Answers that were closed before their end. */
  closed = 0;
  /** A text of null: the answer begins and does not end. */
  #answer: { type: string; text: string | null } = { type: 'text/plain', text: '' };
  readonly #providers = new Map<ProviderKind, Provider>();
  readonly #server: Server = createServer((request, response) => {
    let text = '';
    request.on('data', (bytes: Buffer) => (text += bytes.toString()));
    request.on('end', () => {
      this.sentText = text;
      this.sent = JSON.parse(text) as Record<string, unknown>;
      response.on('close', () => (this.closed += response.writableFinished ? 0 : 1));
      response.writeHead(200, { 'content-type': this.#answer.type });
      if (this.#answer.text === null) response.write(`data: ${JSON.stringify(chunk({ content: 'half' }))}\n\n`);
      else response.end(this.#answer.text);
    });
  });

  async open(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async close(): Promise<void> {
    await Promise.all([...this.#providers.values()].map((provider) => provider.close()));
    this.#server.closeAllConnections();
    this.#server.close();
  }

  json(body: object): void {
    this.#answer = { type: 'application/json', text: JSON.stringify(body) };
  }

  sse(...chunks: object[]): void {
    const frames = [...chunks.map((one) => JSON.stringify(one)), '[DONE]'].map((data) => `data: ${data}\n\n`);
    this.#answer = { type: 'text/event-stream', text: frames.join('') };
  }

  /** A stream whose end does not come. */
  stall(): void {
    this.#answer = { type: 'text/event-stream', text: null };
  }

  provider(kind: ProviderKind): Provider {
    const baseUrl = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    let provider = this.#providers.get(kind);
    if (!provider) {
      provider = providerOf(ProviderConfig.parse({ id: kind, kind, baseUrl, allowPrivateAddress: true }), () => 'key');
      this.#providers.set(kind, provider);
    }
    return provider;
  }

  perform(kind: ProviderKind, ask: (provider: Provider, rest: Omit<ProviderCall, 'request'>) => Promise<ProviderAnswer>) {
    return ask(this.provider(kind), { model: 'm', snapshot: emptySnapshot('default'), signal: new CancelSignal() });
  }

  call(
    kind: ProviderKind,
    body: object,
    { lenient = false, translated = false, byAlias = false, model = 'm' }: Circumstances = {},
  ): Promise<ProviderAnswer> {
    const text = JSON.stringify({ model: 'x', messages: [{ role: 'user', content: 'Hi' }], ...body });
    const request = { ...parseChatRequest(text, undefined, lenient), translated };
    return this.perform(kind, (provider, rest) => provider.call({ ...rest, model, request, lenient, byAlias }));
  }

  /** What goes out for a body. */
  async asked(kind: ProviderKind, body: object, circumstances: Circumstances = {}): Promise<Record<string, unknown>> {
    this.json(completion(choice({ role: 'assistant', content: 'ok' })));
    await this.call(kind, body, circumstances);
    return this.sent;
  }
}

export const choice = (message: object, more: object = {}) => ({ index: 0, message, finish_reason: 'stop', ...more });
export const completion = (...choices: object[]) => ({ id: 'a', object: 'chat.completion', created: 1, model: 'm', choices });
export const chunk = (delta: object, more: object = {}) => ({
  id: 'a',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta, finish_reason: null, ...more }],
});
