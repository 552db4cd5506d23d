import type { ProviderConfig } from '../../contracts/configuration.ts';
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
      'logprobs',
      'top_logprobs',
      'logit_bias',
      'n',
      'seed',
      'modalities',
      'audio',
      'verbosity',
    ],
    renamed: { max_completion_tokens: 'max_tokens' },
    developerIsSystem: true,
    // Each chunk has the usage up to it; sources come in fields of its own, which pass.
    countsUnasked: true,
  });
}
