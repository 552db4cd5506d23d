import { calcPrice } from '@pydantic/genai-prices';
import type { ModelConfig, ProviderConfig } from '../../contracts/configuration.ts';
import type { StillhouseError } from '../../contracts/errors.ts';
import type { TargetInfo } from '../../contracts/http.ts';
import type { Usage } from './provider.ts';

/** Prices of a list may begin or end on a day. */
const KEPT_MS = 600_000;
/** Callers choose models: the memory of them is bounded. */
const KEPT_MODELS = 1000;

/** US dollars per million tokens, where all of a model's prices are plain numbers. */
interface FlatPrice {
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
}

/** Kinds whose prices `@pydantic/genai-prices` calls otherwise, or that nobody is paid for: servers of one's own. */
const LISTED_AS: Partial<Record<ProviderConfig['kind'], string | null>> = {
  bedrock: 'aws',
  'azure-openai': 'azure',
  ollama: null,
  vllm: null,
};

/** Price of a model's answer by its tokens: of `stillhouse.yaml` where it has one, else of the published list; null = unpriced. */
export function priceOf(config: ProviderConfig): (model: string, usage: Usage) => number | null {
  const models = new Map(config.models.map((model) => [model.id, model]));
  const listed = publishedPrices(listOf(config));
  return (model, usage) => {
    const own = models.get(model) ?? tunedModel(models, model);
    return tokenCost(own, usage) ?? listed(model, usage);
  };
}

/** Targets of the models that the configuration names. */
export function configuredTargets(config: ProviderConfig, refusal: StillhouseError | null): TargetInfo[] {
  const listed = publishedPrices(listOf(config));
  const perMTok = (model: string, usage: Partial<Usage>) => listed(model, { ...NONE, ...usage });
  return config.models.map((model) => ({
    target: `${config.id}/${model.id}`,
    kind: 'provider' as const,
    inputUsdPerMTok: model.inputUsdPerMTok ?? rounded(perMTok(model.id, { tokensIn: 1000 })),
    outputUsdPerMTok: model.outputUsdPerMTok ?? rounded(perMTok(model.id, { tokensOut: 1000 })),
    ...(model.tuning ? { tuning: model.tuning } : {}),
    ready: refusal === null,
    reason: refusal?.message ?? '',
  }));
}

/** Price of an answer by its tokens; null where the configuration states no price. */
export function tokenCost(model: ModelConfig | undefined, usage: Usage): number | null {
  if (model?.inputUsdPerMTok === undefined || model.outputUsdPerMTok === undefined) return null;
  const { inputUsdPerMTok: input, outputUsdPerMTok: output } = model;
  return flatCost(
    { input, output, cacheRead: model.cachedInputUsdPerMTok ?? input, cacheWrite: model.cacheWriteUsdPerMTok ?? input },
    usage,
  );
}

const NONE: Usage = { tokensIn: 0, tokensOut: 0, tokensCached: 0, tokensCacheWrite: 0, tokensReasoning: 0 };

/** A server of one's own has no published prices: whatever its models are called, nobody is paid for them by that list. */
function listOf(config: ProviderConfig): string | null {
  const { kind } = config;
  const listed = LISTED_AS[kind];
  if (kind !== 'openai-compatible') return listed === undefined ? kind : listed;
  return isAtOpenAI(config) ? 'openai' : null;
}

/** Whether it is OpenAI itself, whatever it is called. */
export function isAtOpenAI({ baseUrl }: Pick<ProviderConfig, 'baseUrl'>): boolean {
  return new URL(baseUrl).hostname === 'api.openai.com';
}

/** Tokens that a model reads and writes in all, by the published list; null where that does not say. Callers choose models: a few are remembered. */
export function contextWindowOf(config: ProviderConfig): (model: string) => number | null {
  const providerId = listOf(config);
  if (providerId === null) return () => null;
  const known = new Map<string, number | null>();
  return (model) => {
    let window = known.get(model);
    if (window === undefined) {
      window = calculated(providerId, model, NONE)?.model.context_window ?? null;
      if (known.size >= KEPT_MODELS) known.clear();
      known.set(model, window);
    }
    return window;
  };
}

/** `calcPrice` takes some 14 µs: a model's plain prices are remembered. */
function publishedPrices(providerId: string | null): (model: string, usage: Usage) => number | null {
  if (providerId === null) return () => null;
  const known = new Map<string, { price: FlatPrice | null; until: number }>();
  return (model, usage) => {
    const now = performance.now();
    const found = known.get(model);
    if (found && found.until > now && found.price) return flatCost(found.price, usage);
    const result = calculated(providerId, model, usage);
    if (known.size >= KEPT_MODELS) known.clear();
    known.set(model, { price: result ? flatPrice(result.model_price) : null, until: now + KEPT_MS });
    return result?.total_price ?? null;
  };
}

function calculated(providerId: string, model: string, usage: Usage): ReturnType<typeof calcPrice> {
  // What is reported as cached may not be more than all.
  const read = Math.min(usage.tokensCached, usage.tokensIn);
  const write = Math.min(usage.tokensCacheWrite, usage.tokensIn - read);
  try {
    return calcPrice(
      { input_tokens: usage.tokensIn, output_tokens: usage.tokensOut, cache_read_tokens: read, cache_write_tokens: write },
      model,
      { providerId },
    );
  } catch {
    // A price list that doesn't know such tokens: unpriced, not a failed call.
    return null;
  }
}

function flatPrice(prices: Readonly<Record<string, unknown>>): FlatPrice | null {
  const { input_mtok: input, output_mtok: output, cache_read_mtok: read, cache_write_mtok: write, requests_kcount: perRequest } = prices;
  if (typeof input !== 'number' || typeof output !== 'number' || perRequest !== undefined) return null;
  if ((read !== undefined && typeof read !== 'number') || (write !== undefined && typeof write !== 'number')) return null;
  return { input, output, cacheRead: read ?? input, cacheWrite: write ?? input };
}

function flatCost(price: FlatPrice, usage: Usage): number {
  const read = Math.min(usage.tokensCached, usage.tokensIn);
  const write = Math.min(usage.tokensCacheWrite, usage.tokensIn - read);
  const plain = usage.tokensIn - read - write;
  return (plain * price.input + read * price.cacheRead + write * price.cacheWrite + usage.tokensOut * price.output) / 1e6;
}

/** `ft:<model>:<organisation>:…` is a tuning of a model and has the price of its tuned form. */
function tunedModel(models: ReadonlyMap<string, ModelConfig>, id: string): ModelConfig | undefined {
  const [prefix, base, organisation] = id.split(':');
  if (prefix !== 'ft' || base === undefined || organisation === undefined) return undefined;
  const tuning = models.get(base)?.tuning;
  return tuning && { ...tuning, id };
}

/** Of a thousand tokens, as of a million. */
function rounded(usd: number | null): number | null {
  return usd === null ? null : Number((usd * 1000).toPrecision(6));
}
