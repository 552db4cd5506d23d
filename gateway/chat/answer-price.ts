import type { CostSplit, Usage } from '../providers/provider.ts';
import type { Callable } from '../providers/catalogue.ts';
import type { ProviderAnswer } from '../providers/provider.ts';

interface Priced {
  answer: ProviderAnswer;
  callable: Callable;
}

/**
 * US dollars of an answer: as it says itself, else by its tokens; null where nobody knows. Of a stream it is asked at its end. A model that has
 * no price by the name by which it was asked (a deployment, a router) may have one by the name that the provider says it used.
 */
export function answerPrice({ answer, callable }: Priced, usage: Usage | null, modelAnswered = ''): number | null {
  if (answer.costUsd !== undefined) return answer.costUsd;
  if (!usage) return null;
  if (answer.priceOf) return answer.priceOf(usage);
  const { provider, model } = callable;
  return provider.cost(model, usage) ?? (modelAnswered === '' ? null : provider.cost(modelAnswered, usage));
}

/** The same in parts; null where nobody knows them, of an answer that states a price of its own too. */
export function answerSplit({ answer, callable }: Priced, usage: Usage | null, modelAnswered = ''): CostSplit | null {
  if (answer.costUsd !== undefined || !usage) return null;
  if (answer.priceOf) return answer.splitOf?.(usage) ?? null;
  const { provider, model } = callable;
  return provider.costSplit?.(model, usage) ?? (modelAnswered === '' ? null : (provider.costSplit?.(modelAnswered, usage) ?? null));
}
