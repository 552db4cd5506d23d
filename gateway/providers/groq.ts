import type { ProviderConfig } from '../../contracts/configuration.ts';
import { reasoningAsContent, usageOfGroq } from './answer-menders.ts';
import { BOOKKEEPING_FIELDS } from './bookkeeping-fields.ts';
import { plainMessage, plainTools } from './message-menders.ts';
import { openAIShaped } from './openai-shaped.ts';
import type { Provider } from './provider.ts';
import { quietOpenModels } from './quiet-models.ts';

/**
 * Groq (https://console.groq.com/docs/openai). It refuses what it lists as unsupported and fields of messages that it does not
 * know, and answers with its reasoning and a stream's usage in fields of its own.
 */
export function groq(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  return openAIShaped(config, secret, {
    name: 'Groq',
    unsupported: [
      'logprobs',
      'top_logprobs',
      'logit_bias',
      'n',
      'modalities',
      'audio',
      'prediction',
      'verbosity',
      'thinking',
      'top_k',
      'web_search_options',
      ...BOOKKEEPING_FIELDS,
    ],
    unsupportedInMessages: ['name'],
    values: { tools: plainTools },
    message: (message) => plainMessage(message, 'reasoning'),
    // Of its models Qwen's can be told.
    quiet: (model) => (model.includes('qwen') ? { effort: 'none' } : quietOpenModels(model)),
    embeddings: 'none',
    // Their reasoning models say it in `reasoning`; the usage of a stream lies in a field of Groq's own.
    completion: reasoningAsContent,
    chunk: (chunk) => reasoningAsContent(usageOfGroq(chunk)),
  });
}
