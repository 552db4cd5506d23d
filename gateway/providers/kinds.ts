import type { ProviderConfig } from '../../contracts/configuration.ts';
import { openAICompatible } from './openai-compatible.ts';
import type { Provider } from './provider.ts';

/** Reads a secret by its environment variable's name. */
type Secret = (name: string) => string | undefined;

/** A kind of `stillhouse.yaml` and the adapter that it means: a new provider is one file and one line here. */
const KINDS = {
  'openai-compatible': openAICompatible,
} satisfies Record<ProviderConfig['kind'], (config: ProviderConfig, secret: Secret) => Provider>;

/** The adapter of a configured provider. */
export function providerOf(config: ProviderConfig, secret: Secret): Provider {
  return KINDS[config.kind](config, secret);
}
