import type { ModelConfig } from '../../contracts/configuration.ts';
import type { CostSplit, Usage } from './provider.ts';

/** US dollars per million tokens. */
export interface FlatPrice {
  input: number;
  output: number;
  /** Of the output that nobody sees. */
  reasoning: number;
  cacheRead: number;
  cacheWrite: number;
  /** Of what is kept for an hour. */
  cacheWriteHour: number;
}

/** Price of an answer by its tokens; null where the configuration states no price. */
export function tokenCost(model: ModelConfig | undefined, usage: Usage): number | null {
  const price = configuredPrice(model, usage);
  return price && flatCost(price, usage);
}

/** The same in parts. */
export function tokenCostSplit(model: ModelConfig | undefined, usage: Usage): CostSplit | null {
  const price = configuredPrice(model, usage);
  return price && flatSplit(price, usage);
}

/** By the highest step that the prompt is above. */
function configuredPrice(model: ModelConfig | undefined, { tokensIn }: Usage): FlatPrice | null {
  if (model?.inputUsdPerMTok === undefined || model.outputUsdPerMTok === undefined) return null;
  const steps = (model.tiers ?? []).filter(({ aboveInputTokens }) => tokensIn > aboveInputTokens);
  const step = steps.reduce<(typeof steps)[number] | null>(
    (highest, one) => (highest && highest.aboveInputTokens > one.aboveInputTokens ? highest : one),
    null,
  );
  const prices = step ?? model;
  const input = prices.inputUsdPerMTok ?? model.inputUsdPerMTok;
  const output = prices.outputUsdPerMTok ?? model.outputUsdPerMTok;
  const cacheWrite = prices.cacheWriteUsdPerMTok ?? input;
  return {
    input,
    output,
    reasoning: prices.reasoningUsdPerMTok ?? output,
    cacheRead: prices.cachedInputUsdPerMTok ?? input,
    cacheWrite,
    cacheWriteHour: prices.cacheWriteHourUsdPerMTok ?? cacheWrite,
  };
}

/** What of a prompt a cache had and took, for how long, and what of an answer was reasoning: never more than there is. */
export function partsOf(usage: Usage) {
  const read = Math.min(usage.tokensCached, usage.tokensIn);
  const written = Math.min(usage.tokensCacheWrite, usage.tokensIn - read);
  const hour = Math.min(usage.tokensCacheWriteHour ?? 0, written);
  const reasoning = Math.min(usage.tokensReasoning, usage.tokensOut);
  return { read, written, hour, reasoning };
}

export function flatSplit(price: FlatPrice, usage: Usage): CostSplit {
  const { read, written, hour, reasoning } = partsOf(usage);
  return {
    inputUsd: ((usage.tokensIn - read - written) * price.input) / 1e6,
    outputUsd: ((usage.tokensOut - reasoning) * price.output + reasoning * price.reasoning) / 1e6,
    cachedUsd: (read * price.cacheRead) / 1e6,
    cacheWriteUsd: ((written - hour) * price.cacheWrite + hour * price.cacheWriteHour) / 1e6,
  };
}

export function flatCost(price: FlatPrice, usage: Usage): number {
  const { read, written, hour, reasoning } = partsOf(usage);
  const prompt = (usage.tokensIn - read - written) * price.input + read * price.cacheRead;
  const write = (written - hour) * price.cacheWrite + hour * price.cacheWriteHour;
  return (prompt + write + (usage.tokensOut - reasoning) * price.output + reasoning * price.reasoning) / 1e6;
}
