import { StillhouseError } from '../../../contracts/errors.ts';
import type { ChatRequest } from '../../chat/chat-request.ts';

/** Refuses by name what a language-model student can't do, instead of leaving it out in silence. */
export function refuseUnsupported(request: ChatRequest, name: string): void {
  const cannot = (param: string, what: string) =>
    new StillhouseError('invalid_request', `The student "${name}" reads and writes text: it cannot do ${what}`, { param });
  const { body } = request;
  if (Array.isArray(body['tools']) && body['tools'].length > 0) throw cannot('tools', 'tool calls');
  if (Array.isArray(body['functions']) && body['functions'].length > 0) throw cannot('functions', 'function calls');
  if (typeof body['n'] === 'number' && body['n'] !== 1) throw cannot('n', 'more than one choice');
  if (Array.isArray(body['modalities']) && body['modalities'].some((one) => one !== 'text'))
    throw cannot('modalities', 'anything but text');
  for (const [index, message] of request.messages.entries()) {
    const param = `messages[${index}]`;
    if (message['tool_calls'] != null || message.role === 'tool' || message.role === 'function') throw cannot(param, 'tool calls');
    if (!Array.isArray(message.content)) continue;
    const other = message.content.find((part: { type?: unknown } | null) => part?.type !== 'text');
    if (other !== undefined) throw cannot(param, `parts of the type "${String(other?.type)}"`);
  }
}
