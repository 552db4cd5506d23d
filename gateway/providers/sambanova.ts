import type { ProviderConfig } from '../../contracts/configuration.ts';
import { openAIFinish, reasoningAsContent } from './answer-menders.ts';
import { plainMessage } from './message-menders.ts';
import { openAIShaped } from './openai-shaped.ts';
import type { Provider } from './provider.ts';
import { quietOpenModels } from './quiet-models.ts';

/** SambaNova (https://docs.sambanova.ai/docs/en/api-reference/endpoints/chat). It passes over fields that its models do not do; they are refused instead. */
export function sambanova(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  const mended = (answer: Record<string, unknown>) => reasoningAsContent(openAIFinish(answer));
  return openAIShaped(config, secret, {
    name: 'SambaNova',
    unsupported: [
      'logit_bias',
      'logprobs',
      'top_logprobs',
      'n',
      'seed',
      'modalities',
      'audio',
      'verbosity',
      'prediction',
      'thinking',
      'functions',
      'function_call',
      'web_search_options',
    ],
    quiet: quietOpenModels,
    renamed: { max_completion_tokens: 'max_tokens' },
    message: (message) => plainMessage(message, 'reasoning'),
    developerIsSystem: true,
    completion: mended,
    chunk: mended,
  });
}
