import { mostTokens, toolChoice } from '../chat-parts.ts';
import { cannot, isObject, wrong } from '../chat-fields.ts';
import type { DialectCall } from '../dialect.ts';
import type { Abilities } from './models.ts';

/** Tokens of thinking for OpenAI's `reasoning_effort`, of models that want a budget. */
const BUDGETS: Readonly<Record<string, number>> = { low: 2048, medium: 8192, high: 16_384, xhigh: 32_768 };
const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];
/** The API's own least budget, and what of a bound is left for the answer. */
const LEAST_BUDGET = 1024;
const LEFT_FOR_ANSWER = 256;

/** How the model is told to think, and what that asks of the rest of the request. */
export interface Thinking {
  /** The field `thinking`; undefined where nothing is said. */
  thinking?: object;
  /** Of `output_config`. */
  effort?: string;
  /** Tokens of thinking within `max_tokens`; a model with a budget wants a temperature of 1. */
  budget?: number;
}

/** What a call asks for, and whom. */
interface Asked {
  /** Who is asked: its name in refusals. */
  provider: string;
  call: DialectCall;
  abilities: Abilities;
  /**
   * Whether a model with a budget may begin to think: an answer that was begun, and calls of tools that were made without a
   * thought before them, are gone on with without thinking.
   */
  canBegin: boolean;
}

/**
 * The caller's own `thinking`, else one by `reasoning_effort`, in the words of the model. Throws `invalid_request` where the
 * model can't think so; a lenient call gets what comes next to it. A prefix is gone on from without thinking.
 */
export function claudeThinking(asked: Asked): Thinking {
  const { body, prefix } = asked.call;
  if (prefix !== '') return {};
  const { thinking: own, reasoning_effort: effort } = body;
  if (own != null && !isObject(own)) throw wrong('thinking', 'an object is needed');
  if (effort != null && !EFFORTS.includes(effort as string)) {
    if (!asked.call.lenient) throw wrong('reasoning_effort', `one of ${EFFORTS.join(', ')} is needed`);
    return own ? ownThinking(own, undefined, asked) : {};
  }
  const level = (effort ?? undefined) as string | undefined;
  if (own) return ownThinking(own, level, asked);
  return level === undefined ? {} : byEffort(level, asked);
}

function ownThinking(own: Record<string, unknown>, level: string | undefined, asked: Asked): Thinking {
  const { provider, abilities, call } = asked;
  switch (own['type']) {
    case 'disabled':
      return abilities.quiet === 'disabled' ? { thinking: own } : quiet('thinking', asked);
    case 'between_tools':
      if (abilities.quiet === 'between_tools') return { thinking: own };
      if (call.lenient) return quiet('thinking', asked);
      throw cannot(provider, 'thinking', `'thinking' between tools with ${call.model}`);
    case 'adaptive':
      if (abilities.thinks !== 'budget' && abilities.thinks !== null)
        return { thinking: own, ...(level === undefined || isQuiet(level) ? {} : { effort: effortOf(level, asked) }) };
      if (call.lenient) return abilities.thinks === null ? {} : byBudget(level ?? 'medium', asked);
      throw cannot(provider, 'thinking', `adaptive 'thinking' with ${call.model}`);
    case 'enabled': {
      const budget = typeof own['budget_tokens'] === 'number' ? own['budget_tokens'] : 0;
      if (abilities.thinks === 'budget' || abilities.thinks === 'either') {
        if (forcesTool(call.body)) return forcedWhileThinking(provider, call);
        return { thinking: own, budget };
      }
      if (call.lenient) return abilities.thinks === null ? {} : byEffort(levelOf(budget), asked);
      throw cannot(provider, 'thinking', `'thinking' by a budget with ${call.model}`);
    }
    default:
      return { thinking: own };
  }
}

function byEffort(level: string, asked: Asked): Thinking {
  const { provider, abilities, call } = asked;
  if (isQuiet(level)) return quiet('reasoning_effort', asked, level);
  if (abilities.thinks === 'budget') return byBudget(level, asked);
  if (abilities.thinks === null) {
    if (call.lenient) return {};
    throw cannot(provider, 'reasoning_effort', `'reasoning_effort' with ${call.model}`);
  }
  // From 4.7 on thoughts come without their text unless that is asked for; before, nothing else is known.
  const display = abilities.thinks === 'effort' ? { display: 'summarized' } : {};
  return { thinking: { type: 'adaptive', ...display }, effort: effortOf(level, asked) };
}

/** Without thinking, or with as little as the model can: `minimal` asks for no more than little. */
function quiet(param: string, { provider, abilities, call }: Asked, level = 'none'): Thinking {
  switch (abilities.quiet) {
    case 'unsaid':
      return {};
    case 'disabled':
    case 'between_tools':
      return { thinking: { type: abilities.quiet } };
    case 'never':
      if (level === 'none' && !call.lenient) throw cannot(provider, param, `an answer without thinking with ${call.model}`);
      return { effort: 'low' };
  }
}

function byBudget(level: string, { provider, call, canBegin }: Asked): Thinking {
  const wanted = BUDGETS[level];
  if (wanted === undefined) {
    if (call.lenient) return {};
    throw cannot(provider, 'reasoning_effort', `'reasoning_effort' ${level} with ${call.model}`);
  }
  const most = mostTokens(call.body);
  const budget = most === undefined ? wanted : Math.min(wanted, most - LEFT_FOR_ANSWER);
  if (budget < LEAST_BUDGET || !canBegin) return {};
  if (forcesTool(call.body)) return forcedWhileThinking(provider, call);
  return { thinking: { type: 'enabled', budget_tokens: budget }, budget };
}

/** With a budget a model can't be forced to call: a lenient caller's call goes before its thinking. */
function forcedWhileThinking(provider: string, { lenient, model }: DialectCall): Thinking {
  if (lenient) return {};
  throw cannot(provider, 'tool_choice', `a 'tool_choice' that forces a call while ${model} thinks`);
}

function forcesTool(body: DialectCall['body']): boolean {
  const choice = toolChoice(body);
  return choice !== null && choice !== 'auto' && choice !== 'none';
}

/** Tokens of thinking at most that a call may ask for, by its body alone; 0 where the model has no budget. */
export function mostThinking({ thinking: own, reasoning_effort: effort }: DialectCall['body'], { thinks }: Abilities): number {
  if (thinks !== 'budget' && thinks !== 'either') return 0;
  if (isObject(own) && typeof own['budget_tokens'] === 'number') return own['budget_tokens'];
  if (thinks === 'either' || (own == null && effort == null)) return 0;
  return BUDGETS[typeof effort === 'string' ? effort : 'medium'] ?? 0;
}

function isQuiet(level: string): boolean {
  return level === 'none' || level === 'minimal';
}

/** Where it has no `xhigh`, `max` is the step above `high`. */
function effortOf(level: string, { abilities }: Asked): string {
  return level === 'xhigh' && !abilities.efforts.includes('xhigh') ? 'max' : level;
}

/** The steps between the budgets. */
function levelOf(budget: number): string {
  return budget < 4096 ? 'low' : budget < 12_288 ? 'medium' : budget < 24_576 ? 'high' : 'xhigh';
}
