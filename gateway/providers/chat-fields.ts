import { isStillhouseError, StillhouseError } from '../../contracts/errors.ts';

/** Fields that change nothing of the answer, or are the gateway's own affair. */
const HARMLESS = new Set([
  'model',
  'messages',
  'stream',
  'stream_options',
  'metadata',
  'store',
  'user',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
  'service_tier',
]);

/** Values that ask for nothing that would not happen anyway. */
const NEUTRAL: Readonly<Record<string, (value: unknown) => boolean>> = {
  n: (value) => value === 1,
  logprobs: (value) => value === false,
  top_logprobs: (value) => value === 0,
  frequency_penalty: (value) => value === 0,
  presence_penalty: (value) => value === 0,
  tool_choice: (value) => value === 'auto' || value === 'none',
  parallel_tool_calls: (value) => value === true,
  response_format: (value) => isObject(value) && value['type'] === 'text',
  modalities: (value) => Array.isArray(value) && value.every((one) => one === 'text'),
  reasoning_effort: (value) => value === 'none',
  // Anthropic's field, which callers of its API know.
  thinking: (value) => isObject(value) && value['type'] === 'disabled',
};

/**
 * Refuses a chat request's top-level fields that are neither in `supported` nor without consequence: `invalid_request`
 * with the field's name. A lenient call goes on without them.
 */
export function refuseUnsupported(
  body: Readonly<Record<string, unknown>>,
  supported: ReadonlySet<string>,
  { provider, lenient }: { provider: string; lenient: boolean },
): void {
  if (lenient) return;
  for (const [field, value] of Object.entries(body)) {
    if (supported.has(field) || HARMLESS.has(field) || isEmpty(value) || NEUTRAL[field]?.(value)) continue;
    throw cannot(provider, field);
  }
}

/** What a caller can do about a refusal. */
export const OR_LENIENT = 'Leave it out, or send the header x-stillhouse-lenient: true to go on without it';

/** The refusal of a field, or of one of its values. */
export function cannot(provider: string, param: string, what = `'${param}'`): StillhouseError {
  const message = `${provider} cannot do ${what}. ${OR_LENIENT}`;
  return new StillhouseError('invalid_request', message, { param, data: { [REFUSED]: provider } });
}

/** Tells what a provider can't do from what is malformed. */
const REFUSED = 'refusedBy';

/** What `make` makes; null where that is refused by `cannot` and a lenient call goes on without it. */
export function orWithout<Made>(lenient: boolean, make: () => Made): Made | null {
  try {
    return make();
  } catch (error) {
    if (lenient && isStillhouseError(error, 'invalid_request') && error.data[REFUSED] !== undefined) return null;
    throw error;
  }
}

/** A request that is wrong whatever the provider. */
export function wrong(param: string, what: string): StillhouseError {
  return new StillhouseError('invalid_request', `Invalid '${param}': ${what}`, { param });
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Thinking that only some of Anthropic's models can be told to: in words what, null where it is another. */
export function thinkingBetweenTools(thinking: unknown): string | null {
  return isObject(thinking) && thinking['type'] === 'between_tools' ? "'thinking' between tools" : null;
}

function isEmpty(value: unknown): boolean {
  if (value == null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}
