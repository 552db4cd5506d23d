import type { ProviderConfig } from '../../contracts/configuration.ts';
import { abilitiesOf } from './anthropic/models.ts';
import { contextWindowOf } from './price.ts';

type Body = Readonly<Record<string, unknown>>;

/** Tokens that an answer may have at most where the caller sets no bound; null where nobody has published it. */
export type LongestAnswer = (model: string, body: Body) => number | null;

/** Published by the models' makers: the same wherever a model is served. The first that fits counts. */
const PUBLISHED: readonly (readonly [RegExp, number])[] = [
  [/\bgpt-4o|\bchatgpt-4o/, 16_384],
  [/\bgpt-4\.1/, 32_768],
  [/\bgpt-4\.5/, 16_384],
  [/\bgpt-4-(?:turbo|1106|0125|vision)|\bgpt-3\.5|\bgpt-35/, 4096],
  [/\bgpt-4/, 8192],
  [/\bgpt-5(?:\.\d+)?-chat/, 16_384],
  [/\bgpt-5-pro/, 272_000],
  [/\bgpt-oss/, 131_072],
  [/\bgpt-[5-9]/, 128_000],
  [/(?:^|[/:])o1-(?:preview|mini)/, 65_536],
  [/(?:^|[/:])o\d/, 100_000],
  [/\bgemini-(?:1|2\.0)/, 8192],
  [/\bgemini/, 65_536],
  [/\bdeepseek-reasoner/, 65_536],
  [/\bdeepseek-chat/, 8192],
  [/\bcommand-a-reasoning/, 32_000],
  [/\bcommand-a/, 8192],
  [/\bcommand-r|\bc4ai-aya/, 4096],
  [/\bsonar-(?:reasoning|deep)/, 128_000],
  [/\bsonar/, 8192],
  [/\bnova-2/, 65_536],
  [/\bnova-(?:micro|lite|pro|premier)/, 10_000],
];

/** `sent`: the bound that the gateway itself sends then, which is all that a model may use. */
export function longestAnswerOf(config: ProviderConfig, sent?: (model: string, body: Body) => number | null): LongestAnswer {
  const configured = new Map(config.models.map(({ id, maxOutputTokens }) => [id, maxOutputTokens]));
  const contextWindow = contextWindowOf(config);
  return (model, body) => sent?.(model, body) ?? configured.get(model) ?? publishedLongest(model) ?? contextWindow(model);
}

function publishedLongest(model: string): number | null {
  if (model.includes('claude')) return abilitiesOf(model).longestAnswer;
  return PUBLISHED.find(([name]) => name.test(model))?.[1] ?? null;
}
