import type { ProviderConfig } from '../../contracts/configuration.ts';
import { reasoningAsContent } from './answer-menders.ts';
import { ollamaMessage, plainTools } from './message-menders.ts';
import { openAIShaped } from './openai-shaped.ts';
import type { Provider } from './provider.ts';
import { quietOpenModels } from './quiet-models.ts';

/** Ollama (https://docs.ollama.com/api/openai-compatibility). It passes over fields that it does not know; they are refused instead. */
export function ollama(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  return openAIShaped(config, secret, {
    name: 'Ollama',
    unsupported: [
      'tool_choice',
      'parallel_tool_calls',
      'logit_bias',
      'n',
      'top_k',
      'modalities',
      'audio',
      'prediction',
      'verbosity',
      'thinking',
      'functions',
      'function_call',
      'web_search_options',
    ],
    renamed: { max_completion_tokens: 'max_tokens' },
    // It has no choice of `none`: then no tools are offered.
    values: { tools: (tools, { tool_choice: choice }) => (choice === 'none' ? undefined : plainTools(tools)) },
    quiet: (model) => (model.includes('gpt-oss') ? quietOpenModels(model) : { effort: 'none' }),
    message: ollamaMessage,
    developerIsSystem: true,
    embeddings: { user: null },
    completion: reasoningAsContent,
    chunk: reasoningAsContent,
  });
}
