import type { ProviderConfig } from '../../contracts/configuration.ts';
import { openAIShaped } from './openai-shaped.ts';
import type { Provider } from './provider.ts';

/** Fireworks (https://docs.fireworks.ai/api-reference/post-chatcompletions). It calls the bound of an answer `max_tokens`, and takes its reasoning back as it gave it. */
export function fireworks(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  return openAIShaped(config, secret, {
    name: 'Fireworks',
    unsupported: ['modalities', 'audio', 'verbosity', 'web_search_options'],
    // Both names at once are refused there.
    renamed: { max_completion_tokens: 'max_tokens' },
    developerIsSystem: true,
  });
}
