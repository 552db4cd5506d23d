import { expect, test } from 'vitest';
import { completionsWayIn } from './completions.ts';
import { ownName } from './field-names.ts';
import { messagesWayIn } from './messages.ts';
import { responsesWayIn } from './responses.ts';

test.each([
  ['max_completion_tokens', 'max_tokens', 'max_output_tokens', 'max_tokens'],
  ['messages[2].content[0]', 'messages', 'input', 'prompt'],
  ['response_format', 'output_config.format', 'text.format', 'response_format'],
  ['response_format.json_schema.schema', 'output_config.format.schema', 'text.format.schema', 'response_format.json_schema.schema'],
  ['reasoning_effort', 'thinking', 'reasoning.effort', 'reasoning_effort'],
  ['tools[3].function.parameters', 'tools[3].input_schema', 'tools[3].parameters', 'tools[3].function.parameters'],
  ['tools[3].function.name', 'tools[3].name', 'tools[3].name', 'tools[3].function.name'],
  ['parallel_tool_calls', 'tool_choice.disable_parallel_tool_use', 'parallel_tool_calls', 'parallel_tool_calls'],
  ['stop', 'stop_sequences', 'stop', 'stop'],
  ['temperature', 'temperature', 'temperature', 'temperature'],
])('%s has a name of its own by each way in', (field, messages, responses, completions) => {
  expect([messagesWayIn, responsesWayIn, completionsWayIn].map(({ fieldNames }) => ownName(field, fieldNames))).toEqual([
    messages,
    responses,
    completions,
  ]);
});
