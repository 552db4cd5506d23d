import type { z } from 'zod';
import type { Page } from '../../contracts/http.ts';
import type { ProjectChanges, ProjectInput, ProjectView, ProviderKeyView } from '../../contracts/keys.ts';
import { type ChangeOptions, sentWith } from './aliases.ts';
import type { Transport } from './transport.ts';

/** Owners of keys, traces, datasets and aliases. */
export class Projects {
  readonly #transport: Transport;
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async list(signal?: AbortSignal): Promise<ProjectView[]> {
    return (await this.#transport.json<Page<ProjectView>>('GET', '/projects', { signal })).items;
  }

  create(project: z.input<typeof ProjectInput>, options: ChangeOptions = {}): Promise<ProjectView> {
    return this.#transport.json('POST', '/projects', { json: project, ...sentWith(options) });
  }

  change(name: string, changes: z.input<typeof ProjectChanges>, options: ChangeOptions = {}): Promise<ProjectView> {
    return this.#transport.json('PATCH', `/projects/${encodeURIComponent(name)}`, { json: changes, ...sentWith(options) });
  }
}

/** Keys of the providers that the gateway's configuration names. */
export class ProviderKeys {
  readonly #transport: Transport;
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  set(provider: string, key: string, options: ChangeOptions = {}): Promise<ProviderKeyView> {
    return this.#transport.json('PUT', `/providers/${encodeURIComponent(provider)}/key`, { json: { key }, ...sentWith(options) });
  }

  /** The environment variable counts again. */
  remove(provider: string, options: ChangeOptions = {}): Promise<ProviderKeyView> {
    return this.#transport.json('DELETE', `/providers/${encodeURIComponent(provider)}/key`, sentWith(options));
  }
}
