import type { ProviderConfig } from '../../contracts/configuration.ts';
import { BOOKKEEPING_FIELDS } from './bookkeeping-fields.ts';
import { thinkingBetweenTools } from './chat-fields.ts';
import { plainMessage, plainTools } from './message-menders.ts';
import { openAIShaped } from './openai-shaped.ts';
import type { Provider } from './provider.ts';

/** Fireworks (https://docs.fireworks.ai/api-reference/post-chatcompletions). It calls the bound of an answer `max_tokens`, refuses fields that it does not know, in messages too, and takes its reasoning back as it gave it. */
export function fireworks(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  return openAIShaped(config, secret, {
    name: 'Fireworks',
    unsupported: ['modalities', 'audio', 'verbosity', 'web_search_options', ...BOOKKEEPING_FIELDS],
    unsupportedValues: { thinking: thinkingBetweenTools },
    // Both names at once are refused there.
    renamed: { max_completion_tokens: 'max_tokens' },
    values: { tools: plainTools },
    message: (message) => plainMessage(message, 'reasoning_content'),
    developerIsSystem: true,
  });
}
