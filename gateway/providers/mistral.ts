import type { ProviderConfig } from '../../contracts/configuration.ts';
import { thinkingApart } from './answer-menders.ts';
import { openAIShaped } from './openai-shaped.ts';
import type { Provider } from './provider.ts';

/** Mistral (https://docs.mistral.ai/api). Some fields have other names, unknown ones are a 422, and reasoning comes as parts of the content. */
export function mistral(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  return openAIShaped(config, secret, {
    name: 'Mistral',
    unsupported: [
      'logprobs',
      'top_logprobs',
      'logit_bias',
      'user',
      'modalities',
      'audio',
      'service_tier',
      'store',
      'verbosity',
      'safety_identifier',
    ],
    renamed: { max_completion_tokens: 'max_tokens', seed: 'random_seed' },
    values: { tool_choice: (choice) => (choice === 'required' ? 'any' : choice) },
    developerIsSystem: true,
    // It counts every stream.
    countsUnasked: true,
    continues: { message: { prefix: true } },
    completion: thinkingApart,
    chunk: thinkingApart,
  });
}
