import { z } from 'zod';

/** One message in OpenAI's chat shape; what we do not know passes through untouched. */
export const Message = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.array(z.looseObject({ type: z.string() })), z.null()]).optional(),
});
export type Message = z.infer<typeof Message>;

/** The text of a message: its string, or its text parts joined. Images and audio count as nothing. */
export function textOf(message: Message | undefined): string {
  const content = message?.content;
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part: Record<string, unknown> | null) => (typeof part?.['text'] === 'string' ? part['text'] : '')).join('');
}

/** What an encoder student reads of a request: the last user message's text, trimmed; empty where there is none. */
export function lastUserText(messages: readonly Message[]): string {
  return textOf(messages.findLast((message) => message.role === 'user')).trim();
}

/** At most 16 pairs of strings, as OpenAI's `metadata`: keys up to 64 characters, values up to 512. */
export const Metadata = z
  .record(z.string().max(64), z.string().max(512))
  .refine((pairs) => Object.keys(pairs).length <= 16, 'at most 16 pairs');
export type Metadata = z.infer<typeof Metadata>;

/** Header that carries metadata as a JSON object; it wins over the body's field. */
export const METADATA_HEADER = 'x-stillhouse-metadata';
/** Metadata key of the right answer: evaluates, is never sent to a provider. */
export const GOLD_KEY = 'gold';
/** Header that, being `true`, has fields left out that a provider can't do, instead of refusing the call. */
export const LENIENT_HEADER = 'x-stillhouse-lenient';
