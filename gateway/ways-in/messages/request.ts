import { isObject, wrong } from '../../providers/chat-fields.ts';
import { checkNesting, quoted } from '../hostile-json.ts';
import { chatContent, type Loose } from './blocks.ts';
import { assistantMessage, type Placed, userMessages } from './turns.ts';
import { toolsToChat } from './tools.ts';

/** Fields that are the same in the chat form. */
const SAME = ['model', 'temperature', 'top_p', 'top_k', 'stream'] as const;
export const MESSAGES_FIELDS: ReadonlySet<string> = new Set([
  ...SAME,
  'max_tokens',
  'messages',
  'system',
  'metadata',
  'stop_sequences',
  'thinking',
  'tool_choice',
  'tools',
  'output_config',
  'service_tier',
  'cache_control',
]);

/** A body of `/v1/messages` in the chat form. */
export function messagesToChat(body: Readonly<Loose>): Loose {
  checkNesting(body);
  const unknown = Object.keys(body).find((field) => !MESSAGES_FIELDS.has(field) && body[field] != null);
  if (unknown !== undefined) throw wrong(unknown, 'the gateway does not know this field of the Messages API');
  if (!Array.isArray(body['messages'])) throw wrong('messages', 'a list is needed');
  const most = body['max_tokens'];
  if (!Number.isInteger(most) || (most as number) < 1) throw wrong('max_tokens', 'a whole number above 0 is needed');
  const { metadata, service_tier: tier } = body;
  const turns = body['messages'].flatMap((message: unknown, index) => messageOf(message, `messages[${index}]`));
  return {
    ...Object.fromEntries(SAME.filter((field) => body[field] != null).map((field) => [field, body[field]])),
    messages: [...systemOf(body['system'], 'system'), ...withMark(turns, body['cache_control'])],
    max_completion_tokens: most,
    ...(body['stop_sequences'] == null ? {} : { stop: body['stop_sequences'] }),
    ...toolsToChat(body),
    ...thoughtOf(body),
    // OpenAI's name for it.
    ...(tier == null ? {} : { service_tier: tier === 'standard_only' ? 'default' : tier }),
    ...(isObject(metadata) && typeof metadata['user_id'] === 'string' ? { user: metadata['user_id'] } : {}),
    ...(body['stream'] === true ? { stream_options: { include_usage: true } } : {}),
  };
}

function systemOf(system: unknown, at: string): Loose[] {
  if (system == null || system === '') return [];
  return [{ role: 'system', content: typeof system === 'string' ? system : chatContent(system, at) }];
}

/** A mark on the whole request is one on its end. */
function withMark(messages: Loose[], mark: unknown): Loose[] {
  const last = messages.at(-1);
  return mark == null || !last ? messages : [...messages.slice(0, -1), { cache_control: mark, ...last }];
}

function messageOf(message: unknown, at: string): Loose[] {
  if (!isObject(message)) throw wrong(at, 'an object is needed');
  const { role, content } = message;
  if (role === 'system') return systemOf(content, `${at}.content`);
  if (role !== 'user' && role !== 'assistant') throw wrong(`${at}.role`, 'user, assistant or system is needed');
  if (typeof content === 'string') return [{ role, content }];
  if (!Array.isArray(content)) throw wrong(`${at}.content`, 'a text or a list of blocks is needed');
  const blocks = content.map((block: unknown, index): Placed => {
    const path = `${at}.content[${index}]`;
    if (!isObject(block)) throw wrong(path, 'an object is needed');
    return { block, path };
  });
  return role === 'user' ? userMessages(blocks) : [assistantMessage(blocks)];
}

const EFFORTS = new Set<unknown>(['low', 'medium', 'high', 'xhigh', 'max']);

/** How it is to think, and the shape of its answer. */
function thoughtOf({ thinking, output_config: config }: Readonly<Loose>): Loose {
  if (config != null && !isObject(config)) throw wrong('output_config', 'an object is needed');
  const { effort, format } = config ?? ({} as Loose);
  if (effort != null && !EFFORTS.has(effort)) throw wrong('output_config.effort', `one of ${[...EFFORTS].join(', ')} is needed`);
  return { ...effortOf(thinking, effort), ...formatOf(format) };
}

/**
 * Other providers know an effort, not a budget, and refuse `thinking`: the steps are those between Anthropic's own dialect's. An
 * effort without thinking does not switch it on, as at Anthropic.
 */
function effortOf(thinking: unknown, effort: unknown): Loose {
  if (thinking == null) return {};
  if (!isObject(thinking)) throw wrong('thinking', 'an object is needed');
  switch (thinking['type']) {
    case 'disabled':
      return { reasoning_effort: 'none' };
    // No effort says so: who can't do just this refuses it by name.
    case 'between_tools':
      return { thinking: { type: 'between_tools' } };
    case 'adaptive':
      return { reasoning_effort: effort == null ? 'medium' : effort === 'max' ? 'xhigh' : effort };
    case 'enabled': {
      const budget = thinking['budget_tokens'];
      if (!Number.isInteger(budget) || (budget as number) < 1024)
        throw wrong('thinking.budget_tokens', 'a whole number of at least 1024 is needed');
      return { reasoning_effort: effortOfBudget(budget as number) };
    }
    default:
      throw wrong('thinking.type', `enabled, adaptive, between_tools or disabled is needed, not ${quoted(thinking['type'])}`);
  }
}

function effortOfBudget(tokens: number): string {
  return tokens < 4096 ? 'low' : tokens < 12_288 ? 'medium' : tokens < 24_576 ? 'high' : 'xhigh';
}

function formatOf(format: unknown): Loose {
  if (format == null) return {};
  if (!isObject(format) || format['type'] !== 'json_schema' || !isObject(format['schema']))
    throw wrong('output_config.format', 'a json_schema with its schema is needed');
  return { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: format['schema'] } } };
}
