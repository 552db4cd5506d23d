import type { ProviderConfig } from '../../contracts/configuration.ts';
import { cacheHits, notGivenUp } from './answer-menders.ts';
import { thinkingBetweenTools } from './chat-fields.ts';
import { openAIShaped } from './openai-shaped.ts';
import type { Provider } from './provider.ts';

/** DeepSeek (https://api-docs.deepseek.com/api/create-chat-completion). It counts what its cache had in a field of its own, and takes its reasoning back as it gave it. */
export function deepseek(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  const mended = (answer: Record<string, unknown>) => cacheHits(notGivenUp(answer, 'insufficient_system_resource', 'DeepSeek'));
  return openAIShaped(config, secret, {
    name: 'DeepSeek',
    unsupported: [
      'n',
      'logit_bias',
      'seed',
      'modalities',
      'audio',
      'prediction',
      'verbosity',
      'parallel_tool_calls',
      'top_k',
      'functions',
      'function_call',
      'web_search_options',
    ],
    unsupportedValues: {
      thinking: thinkingBetweenTools,
      response_format: (format) => ((format as { type?: unknown }).type === 'json_schema' ? "'response_format' json_schema" : null),
    },
    renamed: { max_completion_tokens: 'max_tokens' },
    // Whether it thinks is another field than how much.
    quiet: () => ({ fields: { thinking: { type: 'disabled' } } }),
    developerIsSystem: true,
    embeddings: 'none',
    // Only its address `/beta` goes on from a prefix.
    ...(config.baseUrl.replace(/\/$/, '').endsWith('/beta') ? { continues: { message: { prefix: true } } } : {}),
    completion: mended,
    chunk: mended,
  });
}
