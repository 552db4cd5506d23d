import { DEFAULT_PROJECT } from '../../contracts/names.ts';
import type { StoredSecret } from '../../contracts/keys.ts';
import type { RegistrySnapshot } from '../../contracts/registry.ts';
import { byName } from '../aliases/by-name.ts';
import type { SecretBox } from './secret-box.ts';

/** Where a provider's key is sealed to. */
export function placeOf(project: string, provider: string): string {
  return `${project}/${provider}`;
}

/** Providers' keys of the registry, opened once for each version: a change counts with the next call. */
export class ProviderSecrets {
  readonly #current: (project: string) => RegistrySnapshot;
  readonly #box: SecretBox;
  readonly #opened = new WeakMap<StoredSecret, string>();

  constructor(snapshots: { current: (project: string) => RegistrySnapshot }, box: SecretBox) {
    this.#current = (project) => snapshots.current(project);
    this.#box = box;
  }

  /** Whether a key was stored through the API; it may be one that can't be opened any more. */
  stores(providerId: string): boolean {
    return Boolean(byName(this.#current(DEFAULT_PROJECT).secrets, providerId)?.sealed);
  }

  /** The key that was stored through the API; undefined where none was. Throws where it can't be opened. */
  secretOf(providerId: string): string | undefined {
    // Providers are the configuration's, shared by all projects: their keys lie in the first project's registry.
    const stored = byName(this.#current(DEFAULT_PROJECT).secrets, providerId);
    if (!stored?.sealed) return undefined;
    let opened = this.#opened.get(stored);
    if (opened === undefined) {
      opened = this.#box.open(stored.sealed, placeOf(DEFAULT_PROJECT, providerId));
      this.#opened.set(stored, opened);
    }
    return opened;
  }
}
