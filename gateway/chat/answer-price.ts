import type { Callable } from '../providers/catalogue.ts';
import type { CostSplit, ProviderAnswer, Usage } from '../providers/provider.ts';
import { dearestShare, pricedTier } from '../providers/service-tiers.ts';

interface Priced {
  answer: ProviderAnswer;
  callable: Callable;
}

/** What an answer says of who gave it; empty where it does not. */
interface SaidOf {
  model?: string;
  serviceTier?: string;
}

/**
 * US dollars of an answer: as it says itself, else by its tokens and the tier that served it; null where nobody knows. Of a stream it is
 * asked at its end. A model that has no price by the name by which it was asked (a deployment, a router) may have one by the name that the
 * provider says it used.
 */
export function answerPrice(
  { answer, callable }: Priced,
  usage: Usage | null,
  { model: answered = '', serviceTier }: SaidOf = {},
): number | null {
  if (answer.costUsd !== undefined) return answer.costUsd;
  if (!usage) return null;
  if (answer.priceOf) return answer.priceOf(usage);
  const { provider, model } = callable;
  const tier = pricedTier(serviceTier);
  return provider.cost(model, usage, tier) ?? (answered === '' ? null : provider.cost(answered, usage, tier));
}

/** The same in parts; null where nobody knows them, of an answer that states a price of its own too. */
export function answerSplit(
  { answer, callable }: Priced,
  usage: Usage | null,
  { model: answered = '', serviceTier }: SaidOf = {},
): CostSplit | null {
  if (answer.costUsd !== undefined || !usage) return null;
  if (answer.priceOf) return answer.splitOf?.(usage) ?? null;
  const { provider, model } = callable;
  const tier = pricedTier(serviceTier);
  return provider.costSplit?.(model, usage, tier) ?? (answered === '' ? null : (provider.costSplit?.(answered, usage, tier) ?? null));
}

/**
 * What an answer without a price counts with in budgets, by what it is thought to have used at most: at the default tier's price, as many
 * times as the dearest that is known of its own. null where its model has no price at all.
 */
export function answerEstimate(priced: Priced, usage: Usage, { model, serviceTier = '' }: SaidOf): number | null {
  const ofTier = answerPrice(priced, usage, { ...(model ? { model } : {}), serviceTier });
  if (ofTier !== null) return ofTier;
  const usd = answerPrice(priced, usage, model ? { model } : {});
  return usd === null ? null : usd * dearestShare(pricedTier(serviceTier));
}
