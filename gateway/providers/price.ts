import { calcPrice } from '@pydantic/genai-prices';
import type { ModelConfig, ProviderConfig } from '../../contracts/configuration.ts';
import type { StillhouseError } from '../../contracts/errors.ts';
import type { TargetInfo } from '../../contracts/http.ts';
import { flatCost, type FlatPrice, flatSplit, partsOf, tokenCost, tokenCostSplit } from './flat-price.ts';
import type { CostSplit, Usage } from './provider.ts';
import { shared, sharedSplit, tierModel, tierShares } from './service-tiers.ts';

/** Prices of a list may begin or end on a day. */
const KEPT_MS = 600_000;
/** Callers choose models: the memory of them is bounded. */
const KEPT_MODELS = 1000;

/** Kinds whose prices `@pydantic/genai-prices` calls otherwise, or that nobody is paid for: servers of one's own. */
const LISTED_AS: Partial<Record<ProviderConfig['kind'], string | null>> = {
  bedrock: 'aws',
  'azure-openai': 'azure',
  ollama: null,
  vllm: null,
};

/** A model's price by tokens, whole and in parts, by the tier that served it (empty: the default one); null = unpriced. */
export interface Pricing {
  cost: (model: string, usage: Usage, tier?: string) => number | null;
  costSplit: (model: string, usage: Usage, tier?: string) => CostSplit | null;
}

/** Prices of models' answers by their tokens: of `stillhouse.yaml` where it has one, else of the published list. */
export function pricingOf(config: ProviderConfig): Pricing {
  const models = new Map(config.models.map((model) => [model.id, model]));
  const listed = publishedPrices(listOf(config));
  const shareOf = sharesOf(config);
  const ownOf = (model: string) => models.get(model) ?? tunedModel(models, model);
  const cost = (model: string, usage: Usage) => tokenCost(ownOf(model), usage) ?? listed.cost(model, usage);
  const costSplit = (model: string, usage: Usage) => tokenCostSplit(ownOf(model), usage) ?? listed.costSplit(model, usage);
  return {
    cost(model, usage, tier = '') {
      if (tier === '') return cost(model, usage);
      const ofTier = tierModel(ownOf(model), tier);
      return ofTier ? tokenCost(ofTier, usage) : shared(cost(model, usage), shareOf(tier));
    },
    costSplit(model, usage, tier = '') {
      if (tier === '') return costSplit(model, usage);
      const ofTier = tierModel(ownOf(model), tier);
      return ofTier ? tokenCostSplit(ofTier, usage) : sharedSplit(costSplit(model, usage), shareOf(tier));
    },
  };
}

/** Targets of the models that the configuration names. */
export function configuredTargets(config: ProviderConfig, refusal: StillhouseError | null): TargetInfo[] {
  const pricesOf = shownPrices(config);
  return config.models.map((model) => ({
    target: `${config.id}/${model.id}`,
    kind: 'provider' as const,
    ...pricesOf(model.id),
    ...(model.tuning ? { tuning: model.tuning } : {}),
    ready: refusal === null,
    reason: refusal?.message ?? '',
  }));
}

/** A model's prices as people are shown them: of `stillhouse.yaml`, else of the published list; null = unpriced. */
export function shownPrices(config: ProviderConfig): (model: string) => Pick<TargetInfo, 'inputUsdPerMTok' | 'outputUsdPerMTok'> {
  const models = new Map(config.models.map((model) => [model.id, model]));
  const listed = publishedPrices(listOf(config)).cost;
  const perMTok = (model: string, usage: Partial<Usage>) => rounded(listed(model, { ...NONE, ...usage }));
  return (model) => {
    const own = models.get(model) ?? tunedModel(models, model);
    return {
      inputUsdPerMTok: own?.inputUsdPerMTok ?? perMTok(model, { tokensIn: 1000 }),
      outputUsdPerMTok: own?.outputUsdPerMTok ?? perMTok(model, { tokensOut: 1000 }),
    };
  };
}

const NONE: Usage = { tokensIn: 0, tokensOut: 0, tokensCached: 0, tokensCacheWrite: 0, tokensReasoning: 0 };

/** A server of one's own has no published prices: whatever its models are called, nobody is paid for them by that list. */
export function listOf(config: ProviderConfig): string | null {
  const { kind } = config;
  const listed = LISTED_AS[kind];
  if (kind !== 'openai-compatible') return listed === undefined ? kind : listed;
  return isAtOpenAI(config) ? 'openai' : null;
}

/** Whether it is OpenAI itself, whatever it is called. */
export function isAtOpenAI({ baseUrl }: Pick<ProviderConfig, 'baseUrl'>): boolean {
  return new URL(baseUrl).hostname === 'api.openai.com';
}

/** What of their price its models cost by a service tier, by OpenAI's own words where it is OpenAI. */
export function sharesOf(config: ProviderConfig): (tier: string) => number | null {
  return tierShares(isAtOpenAI(config) ? 'openai' : config.kind, config.serviceTierShares);
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

/** Prices by which some tokens are dearer, or cheaper, than the rest. */
const OWN_PRICES = ['cache_write_1h_mtok', 'input_audio_mtok', 'output_audio_mtok', 'output_image_mtok', 'output_reasoning_mtok'];

/** Whether an answer has tokens that may have a price of their own. */
function hasOwnTokens({ tokensReasoning, tokensCacheWriteHour, tokensAudioIn, tokensAudioOut, tokensImageOut }: Usage): boolean {
  return tokensReasoning > 0 || !!tokensCacheWriteHour || !!tokensAudioIn || !!tokensAudioOut || !!tokensImageOut;
}

/** `calcPrice` takes some 14 µs: a model's plain prices are remembered. */
function publishedPrices(providerId: string | null): Pricing {
  if (providerId === null) return { cost: () => null, costSplit: () => null };
  const known = new Map<string, { price: FlatPrice | null; hasOwn: boolean; until: number }>();
  const plain = (model: string, usage: Usage): FlatPrice | null => {
    const found = known.get(model);
    return found && found.until > performance.now() && !(found.hasOwn && hasOwnTokens(usage)) ? found.price : null;
  };
  const calculate = (model: string, usage: Usage) => {
    const result = calculated(providerId, model, usage);
    const prices: Readonly<Record<string, unknown>> = result?.model_price ?? {};
    if (known.size >= KEPT_MODELS) known.clear();
    const hasOwn = OWN_PRICES.some((name) => prices[name] !== undefined);
    known.set(model, { price: flatPrice(prices), hasOwn, until: performance.now() + KEPT_MS });
    return result && saysPrice(prices, model, usage) ? result : null;
  };
  return {
    cost(model, usage) {
      const price = plain(model, usage);
      return price ? flatCost(price, usage) : (calculate(model, usage)?.total_price ?? null);
    },
    costSplit(model, usage) {
      const price = plain(model, usage);
      if (price) return flatSplit(price, usage);
      const result = calculate(model, usage);
      return result && listedSplit(result, usage);
    },
  };
}

/** The list says 0 of what a model has no price for: that is no price, but where the model's name says that it is free. */
function saysPrice(prices: Readonly<Record<string, unknown>>, model: string, { tokensIn, tokensOut }: Usage): boolean {
  if (model.endsWith(':free')) return true;
  return (tokensIn === 0 || prices['input_mtok'] !== undefined) && (tokensOut === 0 || prices['output_mtok'] !== undefined);
}

/** Of a price in steps the list tells input from output, and not what of the input the cache had to do with. */
function listedSplit(result: { input_price: number; output_price: number }, usage: Usage): CostSplit {
  const cached = usage.tokensCached > 0 || usage.tokensCacheWrite > 0;
  const ofCache = cached ? null : 0;
  return { inputUsd: cached ? null : result.input_price, outputUsd: result.output_price, cachedUsd: ofCache, cacheWriteUsd: ofCache };
}

function calculated(providerId: string, model: string, usage: Usage): ReturnType<typeof calcPrice> {
  // What is reported as a part may not be more than all.
  const { read, written, hour, reasoning } = partsOf(usage);
  const audioIn = Math.min(usage.tokensAudioIn ?? 0, usage.tokensIn);
  // Where it is not said what of the sound the cache had, the text was there before.
  const audioRead = Math.min(usage.tokensAudioCached ?? Math.max(0, read + audioIn - usage.tokensIn), audioIn, read);
  const { tokensAudioOut: audioOut = 0, tokensImageOut: imageOut = 0 } = usage;
  try {
    return calcPrice(
      {
        input_tokens: usage.tokensIn,
        output_tokens: usage.tokensOut,
        cache_read_tokens: read,
        cache_write_tokens: written,
        ...(hour > 0 ? { cache_write_1h_tokens: hour } : {}),
        ...(audioIn > 0 ? { input_audio_tokens: audioIn, cache_audio_read_tokens: audioRead, cache_audio_write_tokens: 0 } : {}),
        ...(audioOut > 0 ? { output_audio_tokens: Math.min(audioOut, usage.tokensOut) } : {}),
        ...(imageOut > 0 ? { output_image_tokens: Math.min(imageOut, usage.tokensOut) } : {}),
        ...(reasoning > 0 ? { output_reasoning_tokens: reasoning } : {}),
      },
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
  const cacheWrite = write ?? input;
  return { input, output, reasoning: output, cacheRead: read ?? input, cacheWrite, cacheWriteHour: cacheWrite };
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
