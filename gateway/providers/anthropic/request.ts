import { answerSchema, jsonBody, mostTokens, stopTexts } from '../chat-parts.ts';
import { cannot, refuseUnsupported } from '../chat-fields.ts';
import type { DialectCall, WireRequest } from '../dialect.ts';
import { checkLastWords } from './last-words.ts';
import { anthropicMessages, type Turn } from './messages.ts';
import { abilitiesOf, type Abilities } from './models.ts';
import { closedSchema } from './schema.ts';
import { claudeSampling, SAMPLING } from './sampling.ts';
import { claudeThinking, mostThinking } from './thinking.ts';
import { anthropicTools } from './tools.ts';

const NAME = 'Anthropic';
const TOOLS = ['tools', 'tool_choice', 'parallel_tool_calls'];
const SUPPORTED = new Set<string>([
  ...SAMPLING,
  ...TOOLS,
  'stop',
  'max_tokens',
  'max_completion_tokens',
  'response_format',
  'reasoning_effort',
  'thinking',
  'cache_control',
]);

/** What is left for an answer beside a budget of thinking, where the caller sets no bound. */
const BESIDE_THINKING = 4096;

/** `POST /messages`. System messages, wherever they stand, become its `system`. */
export function anthropicRequest(call: DialectCall): WireRequest {
  return { path: '/messages', body: jsonBody(() => wireOf(call)) };
}

/** What goes out as `max_tokens` at most where the caller sets no bound. */
export function anthropicBound(model: string, body: DialectCall['body']): number {
  const abilities = abilitiesOf(model);
  return boundOf(abilities, mostThinking(body, abilities));
}

function boundOf({ usualTokens }: Abilities, budget: number): number {
  return Math.max(usualTokens, budget + BESIDE_THINKING);
}

function wireOf(call: DialectCall): object {
  const { body, lenient, model } = call;
  refuseUnsupported(body, SUPPORTED, { provider: NAME, lenient });
  const abilities = abilitiesOf(model);
  const { system, messages } = anthropicMessages(body['messages'] as unknown[], call.prefix, lenient);
  checkLastWords(NAME, messages, call, abilities.continues);
  const { thinking, effort, budget } = claudeThinking({ provider: NAME, call, abilities, canBegin: canBeginToThink(messages) });
  const stop = stopTexts(body);
  const user = body['safety_identifier'] ?? body['user'];
  const output = { ...formatOf(call, abilities), ...(effort === undefined ? {} : { effort }) };
  return {
    model,
    max_tokens: mostTokens(body) ?? boundOf(abilities, budget ?? 0),
    ...(system.length > 0 ? { system } : {}),
    messages,
    ...anthropicTools(call, abilities, messages),
    ...(stop.length > 0 ? { stop_sequences: stop } : {}),
    ...claudeSampling(NAME, call, abilities, budget !== undefined),
    ...(thinking ? { thinking } : {}),
    ...(Object.keys(output).length > 0 ? { output_config: output } : {}),
    ...(body['cache_control'] == null ? {} : { cache_control: body['cache_control'] }),
    ...(typeof user === 'string' ? { metadata: { user_id: user } } : {}),
    ...(call.stream ? { stream: true } : {}),
  };
}

/** Calls of tools that were made without a thought before them are gone on with without one, as is an answer that was begun. */
function canBeginToThink(turns: readonly Turn[]): boolean {
  if (turns.at(-1)?.role === 'assistant') return false;
  const results = turns.at(-1)?.content.some(({ type }) => type === 'tool_result');
  const first = turns.at(-2)?.content[0]?.['type'];
  return !results || first === 'thinking' || first === 'redacted_thinking';
}

function formatOf({ body, lenient, model }: DialectCall, { formats }: Abilities): { format?: object } {
  const asked = answerSchema(body);
  if (asked === null) return {};
  if (asked !== 'json' && formats) return { format: { type: 'json_schema', schema: closedSchema(asked.schema) } };
  if (lenient) return {};
  const what = asked === 'json' ? "'response_format' json_object without a schema" : `'response_format' with ${model}`;
  throw cannot(NAME, 'response_format', what);
}
