import type { ModelConfig } from '../../contracts/configuration.ts';
import type { Usage } from './provider.ts';

/** Price of an answer in US dollars by its tokens; null where the model has no price. */
export function tokenCost(model: ModelConfig | undefined, usage: Usage): number | null {
  if (model?.inputUsdPerMTok === undefined || model.outputUsdPerMTok === undefined) return null;
  const cached = Math.min(usage.tokensCached, usage.tokensIn);
  const cachedPrice = model.cachedInputUsdPerMTok ?? model.inputUsdPerMTok;
  return ((usage.tokensIn - cached) * model.inputUsdPerMTok + cached * cachedPrice + usage.tokensOut * model.outputUsdPerMTok) / 1e6;
}
