import type { ProviderConfig } from '../../contracts/configuration.ts';
import { cacheHits } from './answer-menders.ts';
import { openAIShaped } from './openai-shaped.ts';
import type { Provider } from './provider.ts';

/** DeepSeek (https://api-docs.deepseek.com/api/create-chat-completion). It counts what its cache had in a field of its own. */
export function deepseek(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  return openAIShaped(config, secret, {
    name: 'DeepSeek',
    unsupported: ['n', 'logit_bias', 'seed', 'modalities', 'audio', 'prediction', 'verbosity', 'reasoning_effort'],
    renamed: { max_completion_tokens: 'max_tokens' },
    developerIsSystem: true,
    // Only its address `/beta` goes on from a prefix.
    ...(config.baseUrl.replace(/\/$/, '').endsWith('/beta') ? { continues: { message: { prefix: true } } } : {}),
    completion: cacheHits,
    chunk: cacheHits,
  });
}
