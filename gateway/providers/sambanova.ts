import type { ProviderConfig } from '../../contracts/configuration.ts';
import { openAIFinish } from './answer-menders.ts';
import { openAIShaped } from './openai-shaped.ts';
import type { Provider } from './provider.ts';

/** SambaNova (https://docs.sambanova.ai/docs/en/api-reference/endpoints/chat). It would pass over fields that it does not know; they are refused instead. */
export function sambanova(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  return openAIShaped(config, secret, {
    name: 'SambaNova',
    unsupported: ['logit_bias', 'n', 'seed', 'frequency_penalty', 'presence_penalty', 'modalities', 'audio', 'verbosity', 'prediction'],
    renamed: { max_completion_tokens: 'max_tokens' },
    developerIsSystem: true,
    completion: openAIFinish,
    chunk: openAIFinish,
  });
}
