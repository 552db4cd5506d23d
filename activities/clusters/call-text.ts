import { setImmediate as yieldToEvents } from 'node:timers/promises';
import { z } from 'zod';
import { Message } from '../../contracts/chat.ts';
import { intentText } from '../../core/clustering/intent-text.ts';
import type { SourceCall } from '../../store/clickhouse/cluster-source.ts';

const RequestBody = z.looseObject({ messages: z.array(Message).min(1) });

/** What of a call is embedded, and what near-duplicates share. */
export interface CallText {
  text: string;
  skeleton: string;
  /** Identity of the system prompt; empty without one. */
  system: string;
}

/** Long prompts take a millisecond each: other work has its turn after so many. */
const YIELD_EVERY = 32;

/** The texts of calls; null for one without. */
export async function textsOfCalls(calls: readonly Pick<SourceCall, 'request' | 'promptText'>[]): Promise<(CallText | null)[]> {
  const texts: (CallText | null)[] = [];
  for (const call of calls) {
    texts.push(textOfCall(call));
    if (texts.length % YIELD_EVERY === 0) await yieldToEvents();
  }
  return texts;
}

function textOfCall(call: Pick<SourceCall, 'request' | 'promptText'>): CallText | null {
  const body = RequestBody.safeParse(parseJson(call.request));
  // A quota that sheds bodies may leave the last message.
  const messages = body.success ? body.data.messages : [{ role: 'user', content: call.promptText }];
  const found = intentText(messages);
  return found.text === '' ? null : found;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
