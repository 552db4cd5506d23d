import { wrong } from '../../providers/chat-fields.ts';
import { quoted } from '../hostile-json.ts';
import { isKept, openThoughts } from '../kept-thoughts.ts';
import { chatContent, type Loose, partOf, textOfBlocks } from './blocks.ts';

/** A block and where it stands. */
export interface Placed {
  block: Loose;
  path: string;
}

/** A user's turn: each tool result is a message of its own, and comes before what the user says. */
export function userMessages(blocks: readonly Placed[]): Loose[] {
  const results = blocks.filter(({ block }) => block['type'] === 'tool_result').map(toolMessage);
  const said = blocks.filter(({ block }) => block['type'] !== 'tool_result');
  if (said.length === 0) return results;
  return [...results, { role: 'user', content: said.map(({ block, path }) => partOf(block, path)) }];
}

function toolMessage({ block, path }: Placed): Loose {
  const { tool_use_id: id, content } = block;
  if (typeof id !== 'string') throw wrong(`${path}.tool_use_id`, 'a text is needed');
  const parts = content == null || typeof content === 'string' ? (content ?? '') : chatContent(content, `${path}.content`);
  return {
    role: 'tool',
    tool_call_id: id,
    content: parts.length === 0 ? '' : parts,
    ...(block['is_error'] === true ? { is_error: true } : {}),
    ...markOf(block),
  };
}

/** The assistant's turn as one message. */
export function assistantMessage(blocks: readonly Placed[]): Loose {
  const texts: Loose[] = [];
  const thoughts: Loose[] = [];
  const calls: Loose[] = [];
  const details: unknown[] = [];
  let reasoning = '';
  let mark: Loose = {};
  for (const { block, path } of blocks) {
    switch (block['type']) {
      case 'text':
        texts.push(partOf(block, path));
        break;
      case 'redacted_thinking':
        thoughts.push(block);
        break;
      case 'thinking':
        details.push(...(openThoughts(block['signature']).reasoning_details ?? []));
        // Without a signature of its provider's it is what one of another dialect thought.
        if (block['signature'] && !isKept(block['signature'])) thoughts.push(block);
        else if (typeof block['thinking'] === 'string') reasoning += block['thinking'];
        break;
      case 'tool_use':
        calls.push(callOf(block, path));
        mark = markOf(block);
        break;
      default:
        throw wrong(`${path}.type`, `${quoted(block['type'])} is nothing that the gateway can pass on as the assistant's`);
    }
  }
  const marked = texts.some((block) => block['cache_control'] != null);
  return {
    role: 'assistant',
    content: marked ? texts : texts.length === 0 ? null : textOfBlocks(texts),
    ...(thoughts.length > 0 ? { thinking_blocks: thoughts } : {}),
    ...(details.length > 0 ? { reasoning_details: details } : {}),
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
    // A mark on the last call is one on the message.
    ...mark,
  };
}

function callOf({ id, name, input }: Loose, path: string): Loose {
  if (typeof id !== 'string' || typeof name !== 'string') throw wrong(path, 'an id and a name are needed');
  return { id, type: 'function', function: { name, arguments: JSON.stringify(input ?? {}) } };
}

function markOf(block: Loose): Loose {
  return block['cache_control'] == null ? {} : { cache_control: block['cache_control'] };
}
