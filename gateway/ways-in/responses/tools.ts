import { isObject, wrong } from '../../providers/chat-fields.ts';
import { quoted } from '../hostile-json.ts';

type Loose = Readonly<Record<string, unknown>>;
interface ChatFunction {
  type: 'function';
  function: { name: string };
}

/** The functions on offer, and how they may be called: nothing of it where none is, for OpenAI's chat wants it so. */
export function toolsToChat(body: Loose): object {
  const { tools, parallel_tool_calls: parallel } = body;
  if (tools == null) return {};
  if (!Array.isArray(tools)) throw wrong('tools', 'a list is needed');
  if (tools.length === 0) return {};
  const made = tools.map((tool: unknown, index) => functionOf(tool, `tools[${index}]`));
  return { tools: made, ...choiceOf(body['tool_choice'], made), ...(parallel == null ? {} : { parallel_tool_calls: parallel }) };
}

function functionOf(tool: unknown, at: string): ChatFunction {
  if (!isObject(tool)) throw wrong(at, 'an object is needed');
  if (tool['type'] === 'custom') throw wrong(`${at}.type`, '"custom" takes free text, which few providers know; a function is needed');
  if (tool['type'] !== 'function')
    throw wrong(`${at}.type`, `${quoted(tool['type'])} runs at OpenAI, and the gateway may send this call elsewhere`);
  const { type, name, ...rest } = tool;
  if (typeof name !== 'string') throw wrong(`${at}.name`, 'a text is needed');
  return { type, function: { name, ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null)) } };
}

function choiceOf(choice: unknown, tools: readonly ChatFunction[]): object {
  if (choice == null) return {};
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { tool_choice: choice };
  if (isObject(choice) && choice['type'] === 'function' && typeof choice['name'] === 'string')
    return { tool_choice: { type: 'function', function: { name: choice['name'] } } };
  if (isObject(choice) && choice['type'] === 'allowed_tools') return allowed(choice, tools);
  throw wrong('tool_choice', 'auto, none, required, allowed_tools or a function by its name is needed');
}

/** Few providers know a choice among tools: the others are not offered. */
function allowed({ mode, tools: wanted }: Loose, tools: readonly ChatFunction[]): object {
  if (mode !== 'auto' && mode !== 'required') throw wrong('tool_choice.mode', 'auto or required is needed');
  if (!Array.isArray(wanted) || wanted.length === 0) throw wrong('tool_choice.tools', 'a list with a function in it is needed');
  const offered = wanted.map((one: unknown, index) => {
    const found = tools.find((tool) => isObject(one) && one['type'] === 'function' && one['name'] === tool.function.name);
    if (!found) throw wrong(`tool_choice.tools[${index}]`, 'a function that is in tools is needed');
    return found;
  });
  return { tools: offered, tool_choice: mode };
}
