import type { ModelConfig, ProviderConfig } from '../../contracts/configuration.ts';
import type { CostSplit } from './provider.ts';

/** What the price of a batch's calls is asked by, as if it were a service tier. */
export const BATCH_TIER = 'batch';

/**
 * What of the ordinary price a tier costs, where the provider says that of all its models alike. OpenAI: batches cost half, and flex what
 * batches do (https://developers.openai.com/api/docs/guides/batch, …/flex-processing). Azure: batches cost half. Groq: batches cost half,
 * and flex is as dear as on demand. Of `priority` nobody says so: it is from 1.7 to 2.5 times as dear, by the model.
 */
const PUBLISHED_SHARES: Partial<Record<ProviderConfig['kind'], Readonly<Record<string, number>>>> = {
  openai: { batch: 0.5, flex: 0.5 },
  'azure-openai': { batch: 0.5 },
  groq: { batch: 0.5, flex: 1 },
};
/** Tiers that are never dearer than the default one: nothing is known of a discount, so none is taken off. */
const NEVER_DEARER: Readonly<Record<string, number>> = { batch: 1, flex: 1 };

/** What providers call the default tier, and one that is paid in advance. */
const ORDINARY = new Set(['auto', 'default', 'standard', 'standard_only', 'on_demand', 'scale']);
/** Dearer than any tier is that a provider has published: what is not known counts so in budgets, which must hold. */
const DEAREST_SHARES: Readonly<Record<string, number>> = { priority: 2.5 };
const DEAREST_SHARE = 6;

/** The tier by which a price is asked, as an answer or a request says it; empty: the default one. */
export function pricedTier(said: unknown): string {
  return typeof said !== 'string' || ORDINARY.has(said) ? '' : said;
}

/** The most that a tier costs of the ordinary price, where its own price is not known. */
export function dearestShare(tier: string): number {
  return tier === '' ? 1 : (DEAREST_SHARES[tier] ?? DEAREST_SHARE);
}

/** What of a model's price a tier of it costs; null: that is not known. */
export function tierShares(kind: ProviderConfig['kind'], own: ProviderConfig['serviceTierShares']): (tier: string) => number | null {
  const shares = new Map(Object.entries({ ...NEVER_DEARER, ...PUBLISHED_SHARES[kind], ...own }));
  return (tier) => shares.get(tier) ?? null;
}

/** The model as that tier of it is priced by `stillhouse.yaml`; undefined where that says nothing of it. */
export function tierModel(model: ModelConfig | undefined, tier: string): ModelConfig | undefined {
  const prices = model?.serviceTiers && Object.hasOwn(model.serviceTiers, tier) ? model.serviceTiers[tier] : undefined;
  return prices && { id: model!.id, ...prices };
}

/** A part of a price; null where either is not known. */
export function shared(usd: number | null, share: number | null): number | null {
  return usd === null || share === null ? null : usd * share;
}

/** The same of its parts. */
export function sharedSplit(split: CostSplit | null, share: number | null): CostSplit | null {
  if (split === null || share === null) return null;
  const { inputUsd, outputUsd, cachedUsd, cacheWriteUsd } = split;
  return {
    inputUsd: shared(inputUsd, share),
    outputUsd: shared(outputUsd, share),
    cachedUsd: shared(cachedUsd, share),
    cacheWriteUsd: shared(cacheWriteUsd, share),
  };
}
