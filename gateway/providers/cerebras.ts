import type { ProviderConfig } from '../../contracts/configuration.ts';
import { reasoningAsContent } from './answer-menders.ts';
import { BOOKKEEPING_FIELDS } from './bookkeeping-fields.ts';
import { plainMessage, plainTools } from './message-menders.ts';
import { openAIShaped } from './openai-shaped.ts';
import type { Provider } from './provider.ts';
import { quietOpenModels } from './quiet-models.ts';

/** Cerebras (https://inference-docs.cerebras.ai/api-reference/chat-completions). It refuses penalties and biases, and says its reasoning in `reasoning`. */
export function cerebras(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  return openAIShaped(config, secret, {
    name: 'Cerebras',
    unsupported: [
      'frequency_penalty',
      'presence_penalty',
      'logit_bias',
      'n',
      'modalities',
      'audio',
      'verbosity',
      'thinking',
      'top_k',
      'functions',
      'function_call',
      'web_search_options',
      ...BOOKKEEPING_FIELDS,
    ],
    // One model of theirs knows `developer`, and takes both for the same.
    developerIsSystem: true,
    quiet: (model) => (model.includes('glm') ? { effort: 'none' } : quietOpenModels(model)),
    embeddings: 'none',
    values: { tools: plainTools },
    message: (message) => plainMessage(message, 'reasoning'),
    completion: reasoningAsContent,
    chunk: reasoningAsContent,
  });
}
