/** What a provider speaks, with the address and the key's variable that it has by default. */
export const PROVIDER_DEFAULTS = {
  /** Any server that speaks OpenAI's dialect: it has no address by default. */
  'openai-compatible': {},
  openai: { baseUrl: 'https://api.openai.com/v1', apiKeyEnv: 'OPENAI_API_KEY' },
  anthropic: { baseUrl: 'https://api.anthropic.com/v1', apiKeyEnv: 'ANTHROPIC_API_KEY' },
  google: { baseUrl: 'https://generativelanguage.googleapis.com/v1beta', apiKeyEnv: 'GEMINI_API_KEY' },
  /** Its key is AWS's own: environment, profile or role, as AWS's client finds it. */
  bedrock: { baseUrl: 'https://bedrock-runtime.us-east-1.amazonaws.com' },
  cohere: { baseUrl: 'https://api.cohere.com/v2', apiKeyEnv: 'COHERE_API_KEY' },
  groq: { baseUrl: 'https://api.groq.com/openai/v1', apiKeyEnv: 'GROQ_API_KEY' },
  mistral: { baseUrl: 'https://api.mistral.ai/v1', apiKeyEnv: 'MISTRAL_API_KEY' },
  deepseek: { baseUrl: 'https://api.deepseek.com/v1', apiKeyEnv: 'DEEPSEEK_API_KEY' },
  together: { baseUrl: 'https://api.together.xyz/v1', apiKeyEnv: 'TOGETHER_API_KEY' },
  fireworks: { baseUrl: 'https://api.fireworks.ai/inference/v1', apiKeyEnv: 'FIREWORKS_API_KEY' },
  cerebras: { baseUrl: 'https://api.cerebras.ai/v1', apiKeyEnv: 'CEREBRAS_API_KEY' },
  sambanova: { baseUrl: 'https://api.sambanova.ai/v1', apiKeyEnv: 'SAMBANOVA_API_KEY' },
  /** Its address is of one's own: `https://<resource>.openai.azure.com`. */
  'azure-openai': { apiKeyEnv: 'AZURE_OPENAI_API_KEY' },
  openrouter: { baseUrl: 'https://openrouter.ai/api/v1', apiKeyEnv: 'OPENROUTER_API_KEY' },
  /** Servers of one's own, on this machine by default. */
  ollama: { baseUrl: 'http://127.0.0.1:11434/v1' },
  vllm: { baseUrl: 'http://127.0.0.1:8000/v1' },
  perplexity: { baseUrl: 'https://api.perplexity.ai', apiKeyEnv: 'PERPLEXITY_API_KEY' },
} as const satisfies Record<string, { baseUrl?: string; apiKeyEnv?: string }>;

export type ProviderKind = keyof typeof PROVIDER_DEFAULTS;

export const PROVIDER_KINDS = Object.keys(PROVIDER_DEFAULTS) as [ProviderKind, ...ProviderKind[]];
