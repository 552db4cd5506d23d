import { cannot, isObject, wrong } from '../chat-fields.ts';
import type { DialectCall } from '../dialect.ts';
import type { Abilities } from './models.ts';

const NAME = 'Google';
/** Tokens of thinking for OpenAI's `reasoning_effort`, as Google's own OpenAI dialect has them. */
const BUDGETS: Readonly<Record<string, number>> = { minimal: 1024, low: 1024, medium: 8192, high: 24_576 };
/** The least of a model that can't be told not to think. */
const LEAST_BUDGET = 128;
const EFFORTS = ['none', ...Object.keys(BUDGETS)];

/** `thinkingConfig` by Anthropic's `thinking`, which callers of its API send, else by `reasoning_effort`. Throws `invalid_request` for what the model can't do. */
export function googleThinking(call: DialectCall, abilities: Abilities): object {
  const { thinking: own, reasoning_effort: effort } = call.body;
  if (own != null) {
    if (!isObject(own)) throw wrong('thinking', 'an object is needed');
    if (own['type'] === 'disabled') return byEffort('none', 'thinking', call, abilities);
    if (effort == null) return ownThinking(own, call, abilities);
  }
  if (effort == null) return {};
  if (typeof effort === 'string' && EFFORTS.includes(effort)) return byEffort(effort, 'reasoning_effort', call, abilities);
  if (call.lenient) return {};
  throw wrong('reasoning_effort', `one of ${EFFORTS.join(', ')} is needed`);
}

function ownThinking(own: Record<string, unknown>, call: DialectCall, abilities: Abilities): object {
  const tokens = own['budget_tokens'];
  if (own['type'] === 'enabled' && typeof tokens === 'number') {
    if (abilities.thinks === 'budget') return { thinkingConfig: { thinkingBudget: tokens, includeThoughts: true } };
    return byEffort(tokens < 4096 ? 'low' : tokens < 12_288 ? 'medium' : 'high', 'thinking', call, abilities);
  }
  // Each model that thinks decides by itself how much, unless it is told.
  if (own['type'] === 'adaptive' && abilities.thinks !== null) return { thinkingConfig: { includeThoughts: true } };
  if (call.lenient) return {};
  throw cannot(NAME, 'thinking');
}

function byEffort(effort: string, param: string, { lenient, model }: DialectCall, abilities: Abilities): object {
  if (effort === 'none') {
    if (abilities.thinks === null) return {};
    if (abilities.least !== null && !lenient) throw cannot(NAME, param, `an answer without thinking with ${model}`);
    if (abilities.thinks === 'levels') return { thinkingConfig: { thinkingLevel: abilities.least } };
    return { thinkingConfig: { thinkingBudget: abilities.least === null ? 0 : LEAST_BUDGET } };
  }
  switch (abilities.thinks) {
    case 'levels':
      return { thinkingConfig: { thinkingLevel: levelOf(effort, abilities), includeThoughts: true } };
    case 'budget':
      return { thinkingConfig: { thinkingBudget: BUDGETS[effort], includeThoughts: true } };
    case null:
      if (lenient) return {};
      throw cannot(NAME, param, `'${param}' with ${model}`);
  }
}

/** As Google's own OpenAI dialect has them. */
function levelOf(effort: string, { least, hasMedium }: Abilities): string {
  if (effort === 'minimal') return least ?? 'low';
  return effort === 'medium' && !hasMedium ? 'high' : effort;
}
