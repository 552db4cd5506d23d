import type { z } from 'zod';
import type { AliasInput, AliasRollback, AliasVersion } from '../../contracts/aliases.ts';
import type { Page } from '../../contracts/http.ts';
import type { Transport } from './transport.ts';

/** What an alias is pointed to. */
export type AliasTargets = z.input<typeof AliasInput>;

/** How a change is sent. */
export interface ChangeOptions {
  /** The same key again gives the first answer again. */
  idempotencyKey?: string;
  signal?: AbortSignal;
}

/** The names that apps call. */
export class Aliases {
  readonly #transport: Transport;
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async list(signal?: AbortSignal): Promise<AliasVersion[]> {
    return (await this.#transport.json<Page<AliasVersion>>('GET', '/aliases', { signal })).items;
  }

  get(name: string, signal?: AbortSignal): Promise<AliasVersion> {
    return this.#transport.json('GET', pathOf(name), { signal });
  }

  /** Points the alias to targets; answers with the version that stands. */
  set(name: string, alias: AliasTargets, options: ChangeOptions = {}): Promise<AliasVersion> {
    return this.#transport.json('PUT', pathOf(name), { json: alias, ...sentWith(options) });
  }

  delete(name: string, reason = '', options: ChangeOptions = {}): Promise<AliasVersion> {
    return this.#transport.json('DELETE', pathOf(name), { query: { reason: reason || undefined }, ...sentWith(options) });
  }

  /** All versions, newest first. */
  async versions(name: string, signal?: AbortSignal): Promise<AliasVersion[]> {
    return (await this.#transport.json<Page<AliasVersion>>('GET', `${pathOf(name)}/versions`, { signal })).items;
  }

  /** Brings an earlier version back, by default the one before the current. */
  rollback(name: string, rollback: z.input<typeof AliasRollback> = {}, options: ChangeOptions = {}): Promise<AliasVersion> {
    return this.#transport.json('POST', `${pathOf(name)}/rollback`, { json: rollback, ...sentWith(options) });
  }
}

function pathOf(name: string): string {
  return `/aliases/${encodeURIComponent(name)}`;
}

/** What a change carries besides its body. */
export function sentWith(options: ChangeOptions) {
  return { headers: options.idempotencyKey ? { 'idempotency-key': options.idempotencyKey } : undefined, signal: options.signal };
}
