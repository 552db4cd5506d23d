/**
 * Fields of a chat by which OpenAI keeps its own books. They change nothing of an answer, its clients send them unasked, and
 * strict providers refuse a call that has one: there they are left out.
 */
export const BOOKKEEPING_FIELDS = ['store', 'safety_identifier', 'prompt_cache_key', 'prompt_cache_retention'] as const;
