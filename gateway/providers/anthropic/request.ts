import { answerSchema, jsonBody, mostTokens, numberIn, stopTexts } from '../chat-parts.ts';
import { cannot, refuseUnsupported, wrong } from '../chat-fields.ts';
import type { DialectCall, WireRequest } from '../dialect.ts';
import { anthropicMessages, type Turn } from './messages.ts';
import { abilitiesOf, type Abilities } from './models.ts';
import { closedSchema } from './schema.ts';
import { anthropicThinking } from './thinking.ts';
import { anthropicTools } from './tools.ts';

const NAME = 'Anthropic';
const SAMPLING = ['temperature', 'top_p', 'top_k'] as const;
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

function wireOf(call: DialectCall): object {
  const { body, lenient, model } = call;
  refuseUnsupported(body, SUPPORTED, { provider: NAME, lenient });
  const abilities = abilitiesOf(model);
  const { system, messages } = anthropicMessages(body['messages'] as unknown[], call.prefix);
  endOf(messages, call, abilities);
  const { thinking, effort, budget } = anthropicThinking({ call, abilities, turns: messages });
  const stop = stopTexts(body);
  const user = body['safety_identifier'] ?? body['user'];
  const output = { ...formatOf(call, abilities), ...(effort === undefined ? {} : { effort }) };
  return {
    model,
    max_tokens: mostTokens(body) ?? Math.max(abilities.usualTokens, (budget ?? 0) + BESIDE_THINKING),
    ...(system.length > 0 ? { system } : {}),
    messages,
    ...anthropicTools(call, abilities, messages),
    ...(stop.length > 0 ? { stop_sequences: stop } : {}),
    ...sampling(call, abilities, budget !== undefined),
    ...(thinking ? { thinking } : {}),
    ...(Object.keys(output).length > 0 ? { output_config: output } : {}),
    ...(body['cache_control'] == null ? {} : { cache_control: body['cache_control'] }),
    ...(typeof user === 'string' ? { metadata: { user_id: user } } : {}),
    ...(call.stream ? { stream: true } : {}),
  };
}

/** A conversation that ends with the assistant's words is gone on from: by models up to 4.5, and not into an answer of another form than text. */
function endOf(turns: Turn[], { body, lenient, model, prefix }: DialectCall, { continues }: Abilities): void {
  if (turns.at(-1)?.role !== 'assistant') return;
  const choice = body['tool_choice'];
  const formed = answerSchema(body) !== null || (choice != null && choice !== 'auto' && choice !== 'none');
  if (continues && !(prefix !== '' && formed)) return;
  const last = `messages[${(body['messages'] as unknown[]).length - (prefix === '' ? 1 : 0)}]`;
  if (!lenient || prefix !== '') throw cannot(NAME, last, `an answer that goes on from the assistant's last words with ${model}`);
  turns.pop();
  if (turns.length === 0) throw wrong('messages', 'a message of the user’s is needed');
}

type Sampling = Partial<Record<(typeof SAMPLING)[number], number>>;

function sampling({ body, lenient, model }: DialectCall, { samples }: Abilities, budgeted: boolean): Sampling {
  const asked: Sampling = {};
  for (const field of SAMPLING) {
    const value = numberIn(body, field);
    if (value !== undefined) asked[field] = value;
  }
  // What is the default anyway, and might be one too many.
  if (samples !== 'all') for (const field of ['temperature', 'top_p'] as const) if (asked[field] === 1) delete asked[field];
  for (const field of SAMPLING) {
    if (asked[field] === undefined) continue;
    const what = samples === 'none' ? `'${field}' with ${model}` : refusedSampling(field, asked, budgeted, samples === 'one');
    if (what === null) continue;
    if (!lenient) throw cannot(NAME, field, what);
    delete asked[field];
  }
  return asked;
}

function refusedSampling(field: (typeof SAMPLING)[number], asked: Sampling, budgeted: boolean, one: boolean): string | null {
  const value = asked[field]!;
  switch (field) {
    case 'temperature':
      // OpenAI's goes up to 2.
      if (budgeted && value !== 1) return "a 'temperature' other than 1 while it thinks";
      return value > 1 ? "a 'temperature' above 1" : null;
    case 'top_p':
      if (budgeted && value < 0.95) return "a 'top_p' below 0.95 while it thinks";
      return one && asked.temperature !== undefined ? "'top_p' beside 'temperature'" : null;
    case 'top_k':
      return budgeted ? "'top_k' while it thinks" : null;
  }
}

function formatOf({ body, lenient, model }: DialectCall, { formats }: Abilities): { format?: object } {
  const asked = answerSchema(body);
  if (asked === null) return {};
  if (asked !== 'json' && formats) return { format: { type: 'json_schema', schema: closedSchema(asked.schema) } };
  if (lenient) return {};
  const what = asked === 'json' ? "'response_format' json_object without a schema" : `'response_format' with ${model}`;
  throw cannot(NAME, 'response_format', what);
}
