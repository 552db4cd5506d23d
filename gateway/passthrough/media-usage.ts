import { parseWritable } from '../../core/json-nesting.ts';
import { usageOf } from '../chat/completion-facts.ts';
import { isObject } from '../providers/chat-fields.ts';
import type { MediaUsage } from '../providers/provider.ts';
import { NO_USAGE } from '../providers/provider.ts';

/** What an answer says of itself. */
export interface MediaFacts {
  /** Empty where it does not say. */
  model: string;
  /** null where it does not say. */
  usage: MediaUsage | null;
}

const NOTHING: MediaFacts = { model: '', usage: null };

/** Read from an answer's digest: JSON, or the last event of a stream that says what was used. */
export function mediaFacts(text: string): MediaFacts {
  if (text.trimStart().startsWith('{')) return mediaFactsOf(parsed(text));
  for (const [, data] of [...text.matchAll(/^data: ?(.*)$/gm)].reverse()) {
    const facts = mediaFactsOf(parsed(data!));
    if (facts.usage) return facts;
  }
  return NOTHING;
}

/**
 * A text as a trace keeps it: of a stream its events as JSON, so that what is masked in JSON is masked in them. Pieces of texts are left
 * out: no pattern finds what is spread over two, and the event at the end has the whole.
 */
export function keptText(text: string, isStream: boolean): string {
  if (!isStream) return text;
  const events = [...text.matchAll(/^data: ?(\{.*)$/gm)].map(([, data]) => parsed(data!));
  return JSON.stringify(events.filter((event) => isObject(event) && !String(event['type']).endsWith('delta')));
}

function parsed(text: string): unknown {
  try {
    return parseWritable(text);
  } catch {
    return null;
  }
}

/** The same of an answer that has been parsed. */
export function mediaFactsOf(body: unknown): MediaFacts {
  if (!isObject(body)) return NOTHING;
  const { model, usage, duration } = body;
  const seconds = secondsOf(
    isObject(usage) && usage['type'] === 'duration' ? usage['seconds'] : usage === undefined ? duration : undefined,
  );
  return {
    model: typeof model === 'string' ? model : '',
    usage: seconds === null ? tokensOf(usage) : { ...NO_USAGE, imageTokensIn: null, audioTokensIn: null, seconds },
  };
}

/** OpenAI's words for tokens differ from one API to the next. */
function tokensOf(usage: unknown): MediaUsage | null {
  if (!isObject(usage)) return null;
  const tokensIn = usage['input_tokens'] ?? usage['prompt_tokens'];
  const tokensOut = usage['output_tokens'] ?? usage['completion_tokens'] ?? 0;
  if (tokensIn === undefined) return null;
  const found = usage['input_tokens_details'] ?? usage['input_token_details'];
  const details = isObject(found) ? found : null;
  const counted = usageOf({ prompt_tokens: tokensIn, completion_tokens: tokensOut, prompt_tokens_details: details });
  if (!counted) return null;
  const of = (field: string) => countIn(details, field);
  const drawn = countIn(usage['output_tokens_details'], 'image_tokens');
  return {
    ...counted,
    imageTokensIn: of('image_tokens'),
    audioTokensIn: of('audio_tokens'),
    seconds: null,
    ...(drawn === null ? {} : { tokensImageOut: drawn }),
  };
}

function countIn(details: unknown, field: string): number | null {
  const count = isObject(details) ? details[field] : null;
  return Number.isInteger(count) && (count as number) >= 0 ? (count as number) : null;
}

/** Older answers write it as a text. */
function secondsOf(value: unknown): number | null {
  const seconds = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof seconds === 'number' && Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}
