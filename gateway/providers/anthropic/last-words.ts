import { answerSchema } from '../chat-parts.ts';
import { cannot, wrong } from '../chat-fields.ts';
import type { DialectCall } from '../dialect.ts';

/** A conversation that ends with the assistant's words is gone on from: by models that can, and not into an answer of another form than text. */
export function checkLastWords(
  provider: string,
  turns: { role: string }[],
  { body, lenient, model, prefix }: DialectCall,
  continues: boolean,
): void {
  if (turns.at(-1)?.role !== 'assistant') return;
  const choice = body['tool_choice'];
  const formed = answerSchema(body) !== null || (choice != null && choice !== 'auto' && choice !== 'none');
  if (continues && !(prefix !== '' && formed)) return;
  const last = `messages[${(body['messages'] as unknown[]).length - (prefix === '' ? 1 : 0)}]`;
  if (!lenient || prefix !== '') throw cannot(provider, last, `an answer that goes on from the assistant's last words with ${model}`);
  turns.pop();
  if (turns.length === 0) throw wrong('messages', 'a message of the user’s is needed');
}
