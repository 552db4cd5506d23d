import type { z } from 'zod';
import type { Page } from '../../contracts/http.ts';
import type { CreatedKey, KeyChanges, KeyInput, KeyView } from '../../contracts/keys.ts';
import { type ChangeOptions, sentWith } from './aliases.ts';
import type { Transport } from './transport.ts';

/** What a new key may do; all but the name has defaults. */
export type NewKeyInput = z.input<typeof KeyInput>;

/** Keys that apps call with. */
export class Keys {
  readonly #transport: Transport;
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** By name, with what they spent; revoked ones only where they are asked for. */
  async list(options: { revoked?: boolean; signal?: AbortSignal } = {}): Promise<KeyView[]> {
    const query = { revoked: options.revoked ? 'true' : undefined };
    return (await this.#transport.json<Page<KeyView>>('GET', '/keys', { query, signal: options.signal })).items;
  }

  /** The answer is the only place where the secret is ever shown. */
  create(key: NewKeyInput, options: ChangeOptions = {}): Promise<CreatedKey> {
    return this.#transport.json('POST', '/keys', { json: key, ...sentWith(options) });
  }

  /** What is not named stays; a limit of null is no limit. */
  change(id: string, changes: KeyChanges, options: ChangeOptions = {}): Promise<KeyView> {
    return this.#transport.json('PATCH', pathOf(id), { json: changes, ...sentWith(options) });
  }

  /** The key's end; it can not be brought back. */
  revoke(id: string, reason = '', options: ChangeOptions = {}): Promise<KeyView> {
    return this.#transport.json('DELETE', pathOf(id), { query: { reason: reason || undefined }, ...sentWith(options) });
  }
}

function pathOf(id: string): string {
  return `/keys/${encodeURIComponent(id)}`;
}
