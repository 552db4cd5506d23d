import type { ProviderConfig } from '../../contracts/configuration.ts';
import { openAIShaped } from './openai-shaped.ts';
import type { Provider } from './provider.ts';

/** Fireworks (https://docs.fireworks.ai/api-reference/post-chatcompletions). It knows `max_tokens` only. */
export function fireworks(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  return openAIShaped(config, secret, {
    name: 'Fireworks',
    unsupported: ['modalities', 'audio', 'prediction', 'verbosity', 'seed'],
    renamed: { max_completion_tokens: 'max_tokens' },
    developerIsSystem: true,
  });
}
