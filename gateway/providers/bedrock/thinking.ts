import { mostTokens } from '../chat-parts.ts';
import { claudeThinking } from '../anthropic/thinking.ts';
import type { Abilities } from '../anthropic/models.ts';
import { cannot, isObject, wrong } from '../chat-fields.ts';
import type { DialectCall } from '../dialect.ts';
import { quietOpenModels } from '../quiet-models.ts';
import type { BedrockTurn } from './messages.ts';

const NAME = 'Bedrock';
const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'];
/** What is left for an answer beside a budget of thinking, where the caller sets no bound. */
const BESIDE_THINKING = 4096;

/** How a model is told to think, in its maker's words, and what the thinking asks of the rest of the request. */
export interface Thinking {
  /** Of `additionalModelRequestFields`. */
  fields: Readonly<Record<string, unknown>>;
  /** A bound that has room for it; undefined where none is needed. */
  maxTokens?: number;
  /** Whether it has a budget of tokens, beside which Anthropic's models take no sampling of one's own. */
  budgeted?: boolean;
}

const NOT: Thinking = { fields: {} };

/** Of Anthropic's models, which think here as they do at Anthropic. */
export function bedrockClaudeThinking(call: DialectCall, abilities: Abilities, turns: readonly BedrockTurn[]): Thinking {
  const { thinking, effort, budget } = claudeThinking({ provider: NAME, call, abilities, canBegin: canBeginToThink(turns) });
  const bound = budget !== undefined && mostTokens(call.body) === undefined ? { maxTokens: budget + BESIDE_THINKING } : {};
  return {
    fields: { ...(thinking ? { thinking } : {}), ...(effort === undefined ? {} : { output_config: { effort } }) },
    budgeted: budget !== undefined,
    ...bound,
  };
}

function canBeginToThink(turns: readonly BedrockTurn[]): boolean {
  if (turns.at(-1)?.role === 'assistant') return false;
  const results = turns.at(-1)?.content.some((block) => 'toolResult' in block);
  return !results || 'reasoningContent' in (turns.at(-2)?.content[0] ?? {});
}

/** Of the others: by `reasoning_effort` alone. Throws `invalid_request` where the model can't be told. */
export function bedrockThinking({ body, model, prefix, lenient }: DialectCall): Thinking {
  // It can't go on from a prefix thinking.
  if (prefix !== '') return NOT;
  const { thinking: own, reasoning_effort: asked } = body;
  if (isObject(own) && own['type'] !== 'disabled') {
    if (lenient) return NOT;
    throw cannot(NAME, 'thinking', `'thinking' with ${model}`);
  }
  const effort = isObject(own) ? 'none' : asked;
  if (effort == null) return NOT;
  if (typeof effort !== 'string' || !EFFORTS.includes(effort)) {
    if (lenient) return NOT;
    throw wrong('reasoning_effort', `one of ${EFFORTS.join(', ')} is needed`);
  }
  if (effort === 'none') return notThinking(model, lenient);
  // OpenAI's own open models take it as it is, Amazon's under another name.
  if (/\bopenai\./.test(model)) return { fields: { reasoning_effort: effort === 'minimal' ? 'low' : effort } };
  if (effort === 'minimal') return NOT;
  if (/\bamazon\.nova-2/.test(model)) return novaThinking(effort);
  if (lenient) return NOT;
  throw cannot(NAME, 'reasoning_effort', `'reasoning_effort' with ${model}`);
}

function notThinking(model: string, lenient: boolean): Thinking {
  const { effort: least, thinks } = quietOpenModels(model);
  if (thinks && !lenient) throw cannot(NAME, 'reasoning_effort', `an answer without thinking with ${model}`);
  return least === undefined ? NOT : { fields: { reasoning_effort: least } };
}

function novaThinking(effort: string): Thinking {
  return { fields: { reasoningConfig: { type: 'enabled', maxReasoningEffort: effort === 'xhigh' ? 'high' : effort } } };
}
