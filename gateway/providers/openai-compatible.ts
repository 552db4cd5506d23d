import type { ProviderConfig } from '../../contracts/configuration.ts';
import { openAIShaped } from './openai-shaped.ts';
import type { Provider } from './provider.ts';
import { quietOpenAI } from './quiet-models.ts';

/** Any server that speaks OpenAI's dialect, at any base URL: nothing is known of it that differs. */
export function openAICompatible(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  return openAIShaped(config, secret, { translated: { unsupported: ['thinking'], quiet: quietOpenAI } });
}
