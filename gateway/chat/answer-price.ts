import type { CostSplit, Usage } from '../providers/provider.ts';
import type { Callable } from '../providers/catalogue.ts';
import type { ProviderAnswer } from '../providers/provider.ts';

/** US dollars of an answer: as it says itself, else by its tokens; null where nobody knows. Of a stream it is asked at its end. */
export function answerPrice({ answer, callable }: { answer: ProviderAnswer; callable: Callable }, usage: Usage | null): number | null {
  if (answer.costUsd !== undefined) return answer.costUsd;
  if (!usage) return null;
  return answer.priceOf ? answer.priceOf(usage) : callable.provider.cost(callable.model, usage);
}

/** The same in parts; null where nobody knows them, of an answer that states a price of its own too. */
export function answerSplit({ answer, callable }: { answer: ProviderAnswer; callable: Callable }, usage: Usage | null): CostSplit | null {
  if (answer.costUsd !== undefined || !usage) return null;
  if (answer.priceOf) return answer.splitOf?.(usage) ?? null;
  return callable.provider.costSplit?.(callable.model, usage) ?? null;
}
