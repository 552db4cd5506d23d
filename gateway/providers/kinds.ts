import type { ProviderConfig } from '../../contracts/configuration.ts';
import type { ProviderKind } from '../../contracts/provider-kinds.ts';
import { anthropic } from './anthropic.ts';
import { azureOpenAI } from './azure-openai.ts';
import { bedrock } from './bedrock.ts';
import { cerebras } from './cerebras.ts';
import { cohere } from './cohere.ts';
import { deepseek } from './deepseek.ts';
import { fireworks } from './fireworks.ts';
import { google } from './google.ts';
import { groq } from './groq.ts';
import { mistral } from './mistral.ts';
import { ollama } from './ollama.ts';
import { openai } from './openai.ts';
import { openAICompatible } from './openai-compatible.ts';
import { openrouter } from './openrouter.ts';
import { perplexity } from './perplexity.ts';
import type { Provider } from './provider.ts';
import { sambanova } from './sambanova.ts';
import { together } from './together.ts';
import { vllm } from './vllm.ts';

/** Reads a secret by its environment variable's name. */
type Secret = (name: string) => string | undefined;

/** A kind of `stillhouse.yaml` and the adapter that it means: a new provider is one file and one line here. */
const KINDS = {
  'openai-compatible': openAICompatible,
  openai,
  anthropic,
  google,
  bedrock,
  cohere,
  groq,
  mistral,
  deepseek,
  together,
  fireworks,
  cerebras,
  sambanova,
  perplexity,
  'azure-openai': azureOpenAI,
  openrouter,
  ollama,
  vllm,
} satisfies Record<ProviderKind, (config: ProviderConfig, secret: Secret) => Provider>;

/** The adapter of a configured provider. */
export function providerOf(config: ProviderConfig, secret: Secret): Provider {
  return KINDS[config.kind](config, secret);
}
