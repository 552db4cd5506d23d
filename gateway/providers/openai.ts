import type { ProviderConfig } from '../../contracts/configuration.ts';
import { plainMessage, plainTools, withoutHints } from './message-menders.ts';
import { openAIShaped, type ShapeDifferences } from './openai-shaped.ts';
import type { Provider } from './provider.ts';
import { quietOpenAI } from './quiet-models.ts';

/** What OpenAI's models refuse of clients of other APIs: marks for a cache, thoughts, results that failed, efforts that a model has not. */
export const OF_OTHER_APIS = {
  unsupported: ['thinking', 'top_k'],
  values: { tools: plainTools },
  message: (message) => plainMessage(message, null),
  quiet: quietOpenAI,
} satisfies ShapeDifferences['translated'];

/** Who asks by an alias may have been answered by another provider before, or set marks for one: OpenAI refuses them by name. */
export const BY_ALIAS = {
  values: { tools: plainTools, cache_control: () => undefined },
  message: withoutHints,
} satisfies ShapeDifferences['byAlias'];

/** OpenAI itself (https://platform.openai.com/docs/api-reference/chat): the shape that the others are told by. */
export function openai(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  return openAIShaped(config, secret, { translated: { name: 'OpenAI', ...OF_OTHER_APIS }, byAlias: BY_ALIAS });
}
