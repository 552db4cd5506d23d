import { isObject, wrong } from '../../providers/chat-fields.ts';
import { quoted } from '../hostile-json.ts';
import type { Loose } from './blocks.ts';

/** The tools on offer, and whether they may be called. */
export function toolsToChat(body: Readonly<Loose>): Loose {
  const { tools } = body;
  if (tools == null) return {};
  if (!Array.isArray(tools)) throw wrong('tools', 'a list is needed');
  if (tools.length === 0) return {};
  return { tools: tools.map((tool: unknown, index) => functionOf(tool, `tools[${index}]`)), ...choiceOf(body['tool_choice']) };
}

function functionOf(tool: unknown, at: string): Loose {
  if (!isObject(tool) || typeof tool['name'] !== 'string') throw wrong(`${at}.name`, 'a text is needed');
  const { type, name, description, input_schema: parameters, strict, cache_control: mark } = tool;
  if (type != null && type !== 'custom')
    throw wrong(`${at}.type`, `${quoted(type)} runs at Anthropic, and the gateway may send this call elsewhere`);
  return {
    type: 'function',
    function: {
      name,
      ...(typeof description === 'string' ? { description } : {}),
      parameters: parameters ?? { type: 'object', properties: {} },
      ...(strict === true ? { strict } : {}),
    },
    ...(mark == null ? {} : { cache_control: mark }),
  };
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
