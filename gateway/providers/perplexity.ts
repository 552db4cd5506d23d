import type { ProviderConfig } from '../../contracts/configuration.ts';
import { BOOKKEEPING_FIELDS } from './bookkeeping-fields.ts';
import { plainMessage } from './message-menders.ts';
import { openAIShaped } from './openai-shaped.ts';
import type { Provider } from './provider.ts';

/** Perplexity (https://docs.perplexity.ai/api-reference/chat-completions-post). It searches, calls no tools, and tells its sources in fields of its own, which pass. */
export function perplexity(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  return openAIShaped(config, secret, {
    name: 'Perplexity',
    unsupported: [
      'tools',
      'tool_choice',
      'parallel_tool_calls',
      'functions',
      'function_call',
      'logprobs',
      'top_logprobs',
      'logit_bias',
      'n',
      'seed',
      'modalities',
      'audio',
      'verbosity',
      'thinking',
      ...BOOKKEEPING_FIELDS,
    ],
    unsupportedValues: {
      response_format: (format) =>
        (format as { type?: unknown }).type === 'json_object' ? "'response_format' json_object without a schema" : null,
    },
    renamed: { max_completion_tokens: 'max_tokens' },
    message: (message) => plainMessage(message, null),
    quiet: (model) => (/reasoning|research/.test(model) ? { effort: 'low', thinks: true } : {}),
    developerIsSystem: true,
    // Its own are of another shape.
    embeddings: 'none',
    // Each chunk has the usage up to it; sources come in fields of its own, which pass.
    countsUnasked: true,
  });
}
