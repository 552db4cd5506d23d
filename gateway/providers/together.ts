import type { ProviderConfig } from '../../contracts/configuration.ts';
import { logprobsOfTogether, openAIFinish, reasoningAsContent } from './answer-menders.ts';
import { plainMessage } from './message-menders.ts';
import { openAIShaped } from './openai-shaped.ts';
import type { Provider } from './provider.ts';
import { quietOpenModels } from './quiet-models.ts';

/** Models that think unless told not to. */
const HYBRID = /glm-\d|kimi-k2\.|deepseek-v[34]|qwen3\.\d/i;

/** Together (https://docs.together.ai/reference/chat-completions-1). It says `eos` where OpenAI says `stop`, and counts log-probabilities otherwise. */
export function together(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  const mended = (answer: Record<string, unknown>) => logprobsOfTogether(reasoningAsContent(openAIFinish(answer)));
  return openAIShaped(config, secret, {
    name: 'Together',
    unsupported: [
      'modalities',
      'audio',
      'prediction',
      'service_tier',
      'verbosity',
      'parallel_tool_calls',
      'thinking',
      'web_search_options',
    ],
    quiet: (model) => (HYBRID.test(model) ? { fields: { reasoning: { enabled: false } } } : quietOpenModels(model)),
    renamed: { max_completion_tokens: 'max_tokens' },
    values: {
      // OpenAI asks for log-probabilities by a yes and a number of others, Together by the number.
      logprobs: (wanted, { top_logprobs: top }) => (wanted === true ? (typeof top === 'number' && top > 1 ? top : 1) : undefined),
      top_logprobs: () => undefined,
      stop: (stop) => (typeof stop === 'string' ? [stop] : stop),
    },
    message: (message) => plainMessage(message, 'reasoning'),
    developerIsSystem: true,
    completion: mended,
    chunk: mended,
  });
}
