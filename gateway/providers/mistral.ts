import type { ProviderConfig } from '../../contracts/configuration.ts';
import { notGivenUp, thinkingApart } from './answer-menders.ts';
import { BOOKKEEPING_FIELDS } from './bookkeeping-fields.ts';
import { mistralMessage, plainTools } from './message-menders.ts';
import { openAIShaped } from './openai-shaped.ts';
import type { Provider } from './provider.ts';
import type { Quiet } from './quiet-models.ts';

/** Mistral (https://docs.mistral.ai/api). Some fields have other names, unknown ones are a 422, and reasoning comes as parts of the content. */
export function mistral(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  const mended = (answer: Record<string, unknown>) => thinkingApart(notGivenUp(answer, 'error', 'Mistral'));
  return openAIShaped(config, secret, {
    name: 'Mistral',
    unsupported: [
      'logprobs',
      'top_logprobs',
      'logit_bias',
      'modalities',
      'audio',
      'verbosity',
      'thinking',
      'top_k',
      'functions',
      'function_call',
      'web_search_options',
      // These change nothing of the answer, and are left out.
      'user',
      'service_tier',
      ...BOOKKEEPING_FIELDS,
    ],
    unsupportedInMessages: ['name'],
    renamed: { max_completion_tokens: 'max_tokens', seed: 'random_seed' },
    values: { tool_choice: (choice) => (choice === 'required' ? 'any' : choice), tools: plainTools },
    message: mistralMessage,
    quiet: quietMistral,
    developerIsSystem: true,
    // It counts every stream.
    countsUnasked: true,
    embeddings: { dimensions: 'output_dimension', user: null },
    continues: { message: { prefix: true } },
    completion: mended,
    chunk: mended,
  });
}

/** Small from 4 on, medium from 3.5 on and large from 4 on can be told (https://docs.mistral.ai/capabilities/reasoning/adjustable); Magistral always thinks. */
function quietMistral(model: string): Quiet {
  if (model.includes('magistral')) return { thinks: true };
  return /mistral-(?:small-(?:latest|2[6-9]\d\d)|medium-(?:latest|3-[5-9]|[4-9])|large-(?:latest|[4-9]-))/.test(model)
    ? { effort: 'none' }
    : {};
}
