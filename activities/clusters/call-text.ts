import { z } from 'zod';
import { Message } from '../../contracts/chat.ts';
import { intentText } from '../../core/clustering/intent-text.ts';
import type { SourceCall } from '../../store/clickhouse/cluster-source.ts';

const RequestBody = z.looseObject({ messages: z.array(Message).min(1) });

/** What of a call is embedded, and what near-duplicates share; null where it has no text. */
export function textOfCall(call: Pick<SourceCall, 'request' | 'promptText'>): { text: string; skeleton: string } | null {
  const body = RequestBody.safeParse(parseJson(call.request));
  // A quota that sheds bodies may leave the last message.
  const messages = body.success ? body.data.messages : [{ role: 'user', content: call.promptText }];
  const { text, skeleton } = intentText(messages);
  return text === '' ? null : { text, skeleton };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
