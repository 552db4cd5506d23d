import type { ProviderConfig } from '../../contracts/configuration.ts';
import type { Dialect } from './dialect.ts';
import { googleAnswer, googleError } from './google/answer.ts';
import { googleEmbeddings } from './google/embeddings.ts';
import { googleRequest } from './google/request.ts';
import { GoogleChunks } from './google/stream.ts';
import type { Provider } from './provider.ts';
import { translatedProvider } from './translated-provider.ts';

/** Google's Gemini, by its own API (https://ai.google.dev/api/generate-content). */
const dialect: Dialect = Object.freeze({
  // Whether a last turn of the model's is gone on from is said nowhere.
  continuesPrefix: false,
  request: googleRequest,
  completion: googleAnswer,
  chunks: (call) => new GoogleChunks(call),
  error: googleError,
  embeddings: googleEmbeddings,
} satisfies Dialect);

export function google(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  return translatedProvider(config, secret, {
    dialect,
    headers: (key): Record<string, string> => (key ? { 'x-goog-api-key': key } : {}),
    now: Date.now,
  });
}
