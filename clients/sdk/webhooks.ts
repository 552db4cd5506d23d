import type { Page } from '../../contracts/http.ts';
import type { WebhookDelivery, WebhookView } from '../../contracts/webhooks.ts';
import type { Transport } from './transport.ts';

/** Who is told of clusters that are worth distilling, as the configuration names them. */
export class Webhooks {
  readonly #transport: Transport;
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async list(signal?: AbortSignal): Promise<WebhookView[]> {
    return (await this.#transport.json<Page<WebhookView>>('GET', '/webhooks', { signal })).items;
  }

  /** Sends a test event; throws where it was not taken. */
  test(id: string, signal?: AbortSignal): Promise<WebhookDelivery> {
    return this.#transport.json('POST', `/webhooks/${encodeURIComponent(id)}/test`, { signal });
  }
}
