import type { ProviderConfig } from '../../contracts/configuration.ts';
import { cohereAnswer, cohereError } from './cohere/answer.ts';
import { cohereEmbeddings } from './cohere/embeddings.ts';
import { cohereRequest } from './cohere/request.ts';
import { CohereChunks } from './cohere/stream.ts';
import type { Dialect } from './dialect.ts';
import type { Provider } from './provider.ts';
import { translatedProvider } from './translated-provider.ts';

/** Cohere's chat, version 2 (https://docs.cohere.com/reference/chat). */
const dialect: Dialect = Object.freeze({
  continuesPrefix: false,
  request: cohereRequest,
  completion: cohereAnswer,
  chunks: (call) => new CohereChunks(call),
  error: cohereError,
  embeddings: cohereEmbeddings,
} satisfies Dialect);

export function cohere(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  const headers = (key: string | undefined): Record<string, string> => (key ? { authorization: `Bearer ${key}` } : {});
  return translatedProvider(config, secret, { dialect, headers, now: Date.now });
}
