import type { ProviderConfig } from '../../contracts/configuration.ts';
import { isStillhouseError, StillhouseError } from '../../contracts/errors.ts';
import { addressRefusal } from '../../platform/private-address.ts';

/** A provider's key, looked at anew each time: one that is stored through the API counts with the next call. */
export interface ProviderKey {
  /** undefined where it has none, or where that can't be opened. */
  readonly key: string | undefined;
  /** Why the provider can't be called as things stand; null where it can. */
  readonly refusal: StillhouseError | null;
}

/**
 * What a provider is called with. A stored key that can't be opened (another master key, or none) is a provider that can't be called, and
 * nothing else: the gateway serves the others, and takes another key.
 */
export function providerKey(config: ProviderConfig, secret: (name: string) => string | undefined): ProviderKey {
  const { id, apiKeyEnv } = config;
  const addressed = addressRefusal(`Provider "${id}"`, config.baseUrl, config.allowPrivateAddress);
  if (apiKeyEnv === undefined) return Object.freeze({ key: undefined, refusal: addressed });
  const read = (): ProviderKey => {
    try {
      const key = secret(apiKeyEnv);
      return { key, refusal: key ? addressed : missing(id, apiKeyEnv) };
    } catch (cause) {
      if (!isStillhouseError(cause)) throw cause;
      return { key: undefined, refusal: new StillhouseError('provider_key_missing', cause.message, { cause }) };
    }
  };
  return {
    get key() {
      return read().key;
    },
    get refusal() {
      return read().refusal;
    },
  };
}

function missing(id: string, apiKeyEnv: string): StillhouseError {
  const message = `Provider "${id}" needs its key: in the environment variable ${apiKeyEnv}, which is not set where the gateway runs, or through PUT /api/providers/${id}/key`;
  return new StillhouseError('provider_key_missing', message);
}
