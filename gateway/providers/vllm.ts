import type { ProviderConfig } from '../../contracts/configuration.ts';
import { reasoningAsContent } from './answer-menders.ts';
import { plainMessage, plainTools } from './message-menders.ts';
import { openAIShaped } from './openai-shaped.ts';
import type { Provider } from './provider.ts';
import { quietOpenModels } from './quiet-models.ts';

/** vLLM (https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html). Its own fields pass; reasoning is `reasoning`, in older versions `reasoning_content`. */
export function vllm(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  return openAIShaped(config, secret, {
    name: 'vLLM',
    unsupported: ['modalities', 'audio', 'prediction', 'verbosity', 'thinking', 'functions', 'function_call', 'web_search_options'],
    values: { tools: plainTools },
    quiet(model) {
      const quiet = quietOpenModels(model);
      return quiet.thinks ? quiet : UNTHINKING;
    },
    message(message) {
      const plain = plainMessage(message, 'reasoning_content');
      const { reasoning_content: reasoning } = plain;
      return typeof reasoning === 'string' && plain['reasoning'] === undefined ? { ...plain, reasoning } : plain;
    },
    // Few templates know another.
    developerIsSystem: true,
    continues: { body: { continue_final_message: true, add_generation_prompt: false } },
    completion: reasoningAsContent,
    chunk: reasoningAsContent,
  });
}

/** The names that templates have for it; older versions refuse an effort of `none`. */
const UNTHINKING = { fields: { chat_template_kwargs: { enable_thinking: false, thinking: false } } };
