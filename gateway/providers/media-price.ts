import { calcPrice } from '@pydantic/genai-prices';
import type { ModelConfig, ProviderConfig } from '../../contracts/configuration.ts';
import { tokenCost } from './flat-price.ts';
import { listOf, sharesOf } from './price.ts';
import type { MediaUsage } from './provider.ts';
import { shared, tierModel } from './service-tiers.ts';

/** Price of what is no chat: of `stillhouse.yaml` by tokens, else of the published list, which tells images and sound from text. */
export function mediaPricingOf(config: ProviderConfig): (model: string, usage: MediaUsage, tier?: string) => number | null {
  const models = new Map(config.models.map((model) => [model.id, model]));
  const providerId = listOf(config);
  const shareOf = sharesOf(config);
  const cost = (model: string, usage: MediaUsage) =>
    ownCost(models.get(model), usage) ?? (providerId === null ? null : listedCost(providerId, model, usage));
  return function mediaCost(model, usage, tier = '') {
    if (tier === '') return cost(model, usage);
    const ofTier = usage.seconds === null && usage.characters === undefined ? tierModel(models.get(model), tier) : undefined;
    return ofTier ? tokenCost(ofTier, usage) : shared(cost(model, usage), shareOf(tier));
  };
}

/** By characters, by time, or by tokens, as `stillhouse.yaml` says; null where it does not. */
function ownCost(model: ModelConfig | undefined, usage: MediaUsage): number | null {
  const { seconds, characters } = usage;
  if (characters !== undefined) return model?.inputUsdPerMChar === undefined ? null : (characters * model.inputUsdPerMChar) / 1e6;
  if (seconds !== null) return model?.audioUsdPerMinute === undefined ? null : (seconds * model.audioUsdPerMinute) / 60;
  return tokenCost(model, usage);
}

/** The list says 0 of what a model has no price for: that is no price. */
function listedCost(providerId: string, model: string, usage: MediaUsage): number | null {
  const { seconds, characters, imageTokensIn, audioTokensIn, tokensImageOut } = usage;
  const counted =
    characters !== undefined
      ? { input_characters: characters }
      : seconds === null
        ? {
            input_tokens: usage.tokensIn,
            output_tokens: usage.tokensOut,
            ...(imageTokensIn === null ? {} : { input_image_tokens: imageTokensIn }),
            ...(audioTokensIn === null ? {} : { input_audio_tokens: audioTokensIn }),
            ...(tokensImageOut === undefined ? {} : { output_image_tokens: Math.min(tokensImageOut, usage.tokensOut) }),
          }
        : { audio_seconds: seconds, input_audio_seconds: seconds };
  let result: ReturnType<typeof calcPrice>;
  try {
    result = calcPrice(counted, model, { providerId });
  } catch {
    // A list that knows no such usage.
    return null;
  }
  if (!result) return null;
  const prices = result.model_price as Readonly<Record<string, unknown>>;
  const unknown =
    characters !== undefined
      ? prices['input_mchars'] === undefined
      : seconds === null
        ? (usage.tokensIn > 0 && prices['input_mtok'] === undefined) ||
          (usage.tokensOut > 0 && prices['output_mtok'] === undefined) ||
          (prices['input_image_mtok'] !== undefined && imageTokensIn === null) ||
          (prices['input_audio_mtok'] !== undefined && audioTokensIn === null) ||
          (prices['output_image_mtok'] !== undefined && tokensImageOut === undefined && usage.tokensOut > 0)
        : prices['audio_hours'] === undefined && prices['input_audio_hours'] === undefined;
  return unknown ? null : result.total_price;
}
