import { offeredTools, toolChoice } from '../chat-parts.ts';
import { cannot, wrong } from '../chat-fields.ts';
import type { DialectCall } from '../dialect.ts';
import { cached, type Turn } from './messages.ts';
import type { Abilities } from './models.ts';
import { closedSchema } from './schema.ts';

const NAME = 'Anthropic';

/** The fields `tools` and `tool_choice`. A conversation that has calls of tools must offer some: then those, and none may be called. */
export function anthropicTools(call: DialectCall, abilities: Abilities, turns: readonly Turn[]): object {
  const { body } = call;
  const tools = offeredTools(body).map(({ name, description, parameters, strict, cacheControl }, index) => {
    if (strict && !abilities.formats && !call.lenient)
      throw cannot(NAME, `tools[${index}].function.strict`, `'strict' tools with ${call.model}`);
    const held = strict === true && abilities.formats;
    const schema = { type: 'object', ...(held ? closedSchema(parameters) : parameters) };
    const tool = { name, ...(description === undefined ? {} : { description }), input_schema: schema, ...(held ? { strict } : {}) };
    return cached(tool, cacheControl);
  });
  if (tools.length > 0) return { tools, ...choiceOf(call, abilities) };
  const choice = toolChoice(body);
  if (choice !== null && choice !== 'auto' && choice !== 'none') throw wrong('tool_choice', 'no tools are offered');
  const called = toolsCalled(turns);
  if (called.length === 0) return {};
  return { tools: called.map((name) => ({ name, input_schema: { type: 'object' } })), tool_choice: { type: 'none' } };
}

function choiceOf({ body, lenient, model }: DialectCall, { forcesTools }: Abilities): object {
  let choice = toolChoice(body);
  const parallel = body['parallel_tool_calls'] === false ? { disable_parallel_tool_use: true } : {};
  if (choice === 'none') return { tool_choice: { type: 'none' } };
  if (choice !== null && choice !== 'auto' && !forcesTools) {
    if (!lenient) throw cannot(NAME, 'tool_choice', `a 'tool_choice' that forces a call with ${model}`);
    choice = 'auto';
  }
  if (choice === 'required') return { tool_choice: { type: 'any', ...parallel } };
  if (choice !== null && choice !== 'auto') return { tool_choice: { type: 'tool', name: choice.name, ...parallel } };
  return choice === null && Object.keys(parallel).length === 0 ? {} : { tool_choice: { type: 'auto', ...parallel } };
}

function toolsCalled(turns: readonly Turn[]): string[] {
  const calls = turns.flatMap(({ content }) => content.filter(({ type }) => type === 'tool_use'));
  return [...new Set(calls.map(({ name }) => name as string))];
}
