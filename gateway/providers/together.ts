import type { ProviderConfig } from '../../contracts/configuration.ts';
import { openAIFinish } from './answer-menders.ts';
import { openAIShaped } from './openai-shaped.ts';
import type { Provider } from './provider.ts';

/** Together (https://docs.together.ai/reference/chat-completions-1). It says `eos` where OpenAI says `stop`. */
export function together(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  return openAIShaped(config, secret, {
    name: 'Together',
    unsupported: ['modalities', 'audio', 'prediction', 'service_tier', 'verbosity', 'top_logprobs'],
    renamed: { max_completion_tokens: 'max_tokens' },
    // OpenAI asks for log-probabilities by a yes, Together by a number.
    values: { logprobs: (wanted) => (wanted === true ? 1 : undefined) },
    developerIsSystem: true,
    completion: openAIFinish,
    chunk: openAIFinish,
  });
}
