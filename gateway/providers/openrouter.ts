import type { ProviderConfig } from '../../contracts/configuration.ts';
import { notGivenUp, reasoningAsContent, reasoningOfDetails } from './answer-menders.ts';
import { reasoningNamed } from './message-menders.ts';
import { openAIShaped } from './openai-shaped.ts';
import type { Provider } from './provider.ts';

/**
 * OpenRouter (https://openrouter.ai/docs/api-reference/overview). It takes marks for a cache, and every level of effort, for every
 * model; its reasoning comes and goes as `reasoning`, and `reasoning_details` pass beside it, unchanged both ways.
 */
export function openrouter(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  const mended = (answer: Record<string, unknown>) => reasoningAsContent(reasoningOfDetails(notGivenUp(answer, 'error', 'OpenRouter')));
  return openAIShaped(config, secret, {
    name: 'OpenRouter',
    unsupported: ['n', 'thinking', 'functions', 'function_call'],
    renamed: { max_completion_tokens: 'max_tokens' },
    message: (message) => reasoningNamed(message, 'reasoning'),
    completion: mended,
    chunk: mended,
  });
}
