import type { ProviderConfig } from '../../contracts/configuration.ts';
import { plainMessage, plainTools } from './message-menders.ts';
import { openAIShaped } from './openai-shaped.ts';
import type { Provider } from './provider.ts';
import { quietOpenAI } from './quiet-models.ts';

/**
 * OpenAI itself (https://platform.openai.com/docs/api-reference/chat): the shape that the others are told by. It refuses what
 * clients of other APIs say beyond it: marks for a cache, thoughts, results that failed.
 */
export function openai(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  return openAIShaped(config, secret, {
    translated: {
      name: 'OpenAI',
      unsupported: ['thinking', 'top_k'],
      values: { tools: plainTools },
      message: (message) => plainMessage(message, null),
      quiet: quietOpenAI,
    },
  });
}
