import { isObject, wrong } from '../../providers/chat-fields.ts';
import { chatContent, type Loose, textOfBlocks } from './blocks.ts';

/** Fields that are the same in the chat form. */
const SAME = ['model', 'temperature', 'top_p', 'top_k', 'stream', 'service_tier'] as const;
const KNOWN = new Set<string>([
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
]);

/** A body of `/v1/messages` in the chat form. */
export function messagesToChat(body: Readonly<Loose>): Loose {
  const unknown = Object.keys(body).find((field) => !KNOWN.has(field));
  if (unknown !== undefined) throw wrong(unknown, 'the gateway does not know this field of the Messages API');
  if (!Array.isArray(body['messages'])) throw wrong('messages', 'a list is needed');
  const most = body['max_tokens'];
  if (!Number.isInteger(most) || (most as number) < 1) throw wrong('max_tokens', 'a whole number above 0 is needed');
  const { metadata } = body;
  return {
    ...Object.fromEntries(SAME.filter((field) => body[field] != null).map((field) => [field, body[field]])),
    messages: [
      ...systemOf(body['system']),
      ...body['messages'].flatMap((message: unknown, index) => messageOf(message, `messages[${index}]`)),
    ],
    max_completion_tokens: most,
    ...(body['stop_sequences'] == null ? {} : { stop: body['stop_sequences'] }),
    ...toolsOf(body),
    ...effortOf(body['thinking']),
    ...formatOf(body['output_config']),
    ...(isObject(metadata) && typeof metadata['user_id'] === 'string' ? { user: metadata['user_id'] } : {}),
    ...(body['stream'] === true ? { stream_options: { include_usage: true } } : {}),
  };
}

function systemOf(system: unknown): Loose[] {
  if (system == null || system === '') return [];
  if (typeof system === 'string') return [{ role: 'system', content: system }];
  return [{ role: 'system', content: chatContent(system, 'system') }];
}

/** A turn; of a user's, each tool result is a message of its own, and comes before what the user says. */
function messageOf(message: unknown, at: string): Loose[] {
  if (!isObject(message)) throw wrong(at, 'an object is needed');
  const { role, content } = message;
  if (role !== 'user' && role !== 'assistant') throw wrong(`${at}.role`, 'user or assistant is needed');
  if (typeof content === 'string') return [{ role, content }];
  if (!Array.isArray(content)) throw wrong(`${at}.content`, 'a text or a list of blocks is needed');
  const blocks = content.map((block: unknown, index) => {
    if (!isObject(block)) throw wrong(`${at}.content[${index}]`, 'an object is needed');
    return { block, path: `${at}.content[${index}]` };
  });
  return role === 'user' ? userMessages(blocks, at) : [assistantMessage(blocks, at)];
}

interface Placed {
  block: Loose;
  path: string;
}

function userMessages(blocks: Placed[], at: string): Loose[] {
  const results = blocks.filter(({ block }) => block['type'] === 'tool_result');
  const said = blocks.filter(({ block }) => block['type'] !== 'tool_result');
  const made = results.map(({ block, path }): Loose => {
    if (typeof block['tool_use_id'] !== 'string') throw wrong(`${path}.tool_use_id`, 'a text is needed');
    const content = typeof block['content'] === 'string' ? block['content'] : chatContent(block['content'] ?? [], `${path}.content`);
    return {
      role: 'tool',
      tool_call_id: block['tool_use_id'],
      content,
      ...(block['is_error'] === true ? { is_error: true } : {}),
      ...(block['cache_control'] == null ? {} : { cache_control: block['cache_control'] }),
    };
  });
  if (said.length > 0)
    made.push({
      role: 'user',
      content: chatContent(
        said.map(({ block }) => block),
        `${at}.content`,
      ),
    });
  return made;
}

function assistantMessage(blocks: Placed[], at: string): Loose {
  const of = (...types: string[]) => blocks.filter(({ block }) => types.includes(String(block['type'])));
  const odd = blocks.find(({ block }) => !['text', 'tool_use', 'thinking', 'redacted_thinking'].includes(String(block['type'])));
  if (odd) throw wrong(`${odd.path}.type`, `"${String(odd.block['type'])}" is nothing that the gateway can pass on as the assistant's`);
  const thoughts = of('thinking', 'redacted_thinking').map(({ block }) => block);
  const calls = of('tool_use').map(({ block, path }) => {
    if (typeof block['id'] !== 'string' || typeof block['name'] !== 'string') throw wrong(path, 'an id and a name are needed');
    return { id: block['id'], type: 'function', function: { name: block['name'], arguments: JSON.stringify(block['input'] ?? {}) } };
  });
  const texts = of('text').map(({ block }) => block);
  const marked = texts.some((block) => block['cache_control'] != null);
  return {
    role: 'assistant',
    content: marked ? chatContent(texts, `${at}.content`) : texts.length === 0 ? null : textOfBlocks(texts),
    ...(thoughts.length > 0 ? { thinking_blocks: thoughts } : {}),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}

function toolsOf(body: Readonly<Loose>): Loose {
  const { tools } = body;
  if (tools == null) return {};
  if (!Array.isArray(tools)) throw wrong('tools', 'a list is needed');
  const made = tools.map((tool: unknown, index) => {
    if (!isObject(tool) || typeof tool['name'] !== 'string') throw wrong(`tools[${index}].name`, 'a text is needed');
    if (tool['type'] !== undefined && tool['type'] !== 'custom') {
      throw wrong(`tools[${index}].type`, `"${String(tool['type'])}" runs at Anthropic, and the gateway may send this call elsewhere`);
    }
    return {
      type: 'function',
      function: {
        name: tool['name'],
        ...(typeof tool['description'] === 'string' ? { description: tool['description'] } : {}),
        parameters: tool['input_schema'] ?? { type: 'object', properties: {} },
        ...(tool['strict'] === true ? { strict: true } : {}),
      },
      ...(tool['cache_control'] == null ? {} : { cache_control: tool['cache_control'] }),
    };
  });
  return { tools: made, ...choiceOf(body['tool_choice']) };
}

function choiceOf(choice: unknown): Loose {
  if (choice == null) return {};
  if (!isObject(choice)) throw wrong('tool_choice', 'an object is needed');
  const parallel = choice['disable_parallel_tool_use'] === true ? { parallel_tool_calls: false } : {};
  switch (choice['type']) {
    case 'auto':
    case 'none':
      return { tool_choice: choice['type'], ...parallel };
    case 'any':
      return { tool_choice: 'required', ...parallel };
    case 'tool':
      if (typeof choice['name'] !== 'string') throw wrong('tool_choice.name', 'a text is needed');
      return { tool_choice: { type: 'function', function: { name: choice['name'] } }, ...parallel };
    default:
      throw wrong('tool_choice.type', 'auto, any, tool or none is needed');
  }
}

/** Other providers know an effort, not a budget: the steps between those that Anthropic's own dialect makes of an effort. */
function effortOf(thinking: unknown): Loose {
  if (!isObject(thinking) || thinking['type'] === 'disabled') return {};
  const budget = thinking['budget_tokens'];
  if (typeof budget !== 'number') return { reasoning_effort: 'medium' };
  return { reasoning_effort: budget < 4096 ? 'low' : budget < 12_288 ? 'medium' : budget < 24_576 ? 'high' : 'xhigh' };
}

function formatOf(config: unknown): Loose {
  if (config == null) return {};
  const format = isObject(config) ? config['format'] : undefined;
  if (!isObject(format) || format['type'] !== 'json_schema' || !isObject(format['schema'])) {
    throw wrong('output_config.format', 'a json_schema with its schema is needed');
  }
  return { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: format['schema'] } } };
}
