import type { ProviderConfig } from '../../contracts/configuration.ts';
import { anthropicAnswer, anthropicError } from './anthropic/answer.ts';
import { anthropicBound, anthropicRequest } from './anthropic/request.ts';
import { AnthropicChunks } from './anthropic/stream.ts';
import type { Dialect } from './dialect.ts';
import type { Provider } from './provider.ts';
import { translatedProvider } from './translated-provider.ts';

const VERSION = '2023-06-01';

/** Anthropic's Messages (https://docs.anthropic.com/en/api/messages). */
const dialect: Dialect = Object.freeze({
  continuesPrefix: true,
  request: anthropicRequest,
  completion: anthropicAnswer,
  chunks: (call) => new AnthropicChunks(call),
  error: anthropicError,
  longestAnswer: anthropicBound,
} satisfies Dialect);

export function anthropic(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  return translatedProvider(config, secret, {
    dialect,
    headers: (key) => ({ 'anthropic-version': VERSION, ...(key ? { 'x-api-key': key } : {}) }),
    now: Date.now,
  });
}
