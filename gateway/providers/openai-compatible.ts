import type { ProviderConfig } from '../../contracts/configuration.ts';
import { openai } from './openai.ts';
import { openAIShaped } from './openai-shaped.ts';
import { isAtOpenAI } from './price.ts';
import type { Provider } from './provider.ts';
import { quietOpenAI } from './quiet-models.ts';

/**
 * Any server that speaks OpenAI's dialect, at any base URL: nothing is known of it that differs. Most pass over fields that they
 * do not know, and proxies want marks for a cache and thoughts as they came.
 */
export function openAICompatible(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  if (isAtOpenAI(config)) return openai(config, secret);
  return openAIShaped(config, secret, { translated: { unsupported: ['thinking'], quiet: quietOpenAI } });
}
