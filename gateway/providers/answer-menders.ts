import { StillhouseError } from '../../contracts/errors.ts';
import { isObject } from './chat-fields.ts';
import { reasoningDetails, textOfDetails } from './reasoning-details.ts';

/**
 * What some providers that speak OpenAI's dialect answer otherwise, put into the chat form. Each works on a completion and on
 * a chunk, changes the object that it is given, which nobody else has, and leaves what it does not know.
 */
type Answer = Record<string, unknown>;

/** `message` or `delta` of each choice. */
function partsOf(answer: Answer): { choice: Answer; part: Answer }[] {
  const choices = Array.isArray(answer['choices']) ? answer['choices'].filter(isObject) : [];
  return choices.flatMap((choice) => [choice['message'], choice['delta']].filter(isObject).map((part) => ({ choice, part })));
}

/** `reasoning`, as Groq, Cerebras, SambaNova and Together call it. */
export function reasoningAsContent(answer: Answer): Answer {
  for (const { part } of partsOf(answer)) {
    if (typeof part['reasoning'] !== 'string' || part['reasoning_content'] !== undefined) continue;
    part['reasoning_content'] = part['reasoning'];
    delete part['reasoning'];
  }
  return answer;
}

/** OpenRouter's blocks of reasoning, where nothing but these says what was thought; they stay as they are. */
export function reasoningOfDetails(answer: Answer): Answer {
  for (const { part } of partsOf(answer)) {
    if (part['reasoning'] != null || part['reasoning_content'] != null) continue;
    const text = textOfDetails(reasoningDetails(part));
    if (text !== '') part['reasoning_content'] = text;
  }
  return answer;
}

/** Groq's streams end with `x_groq.usage`, or break off with `x_groq.error`. */
export function usageOfGroq(chunk: Answer): Answer {
  const own = chunk['x_groq'];
  if (isObject(own) && typeof own['error'] === 'string')
    throw new StillhouseError('upstream_invalid', `Groq broke off the stream: ${own['error']}`);
  if (isObject(own) && isObject(own['usage']) && chunk['usage'] == null) chunk['usage'] = own['usage'];
  return chunk;
}

/** DeepSeek's `prompt_cache_hit_tokens`. */
export function cacheHits(answer: Answer): Answer {
  const usage = answer['usage'];
  if (isObject(usage) && Number.isInteger(usage['prompt_cache_hit_tokens']) && !isObject(usage['prompt_tokens_details'])) {
    usage['prompt_tokens_details'] = { cached_tokens: usage['prompt_cache_hit_tokens'] };
  }
  return answer;
}

/** Mistral's content of parts: the text of `thinking` parts is reasoning, the others' is the content. */
export function thinkingApart(answer: Answer): Answer {
  for (const { part } of partsOf(openAIFinish(answer))) {
    const { content } = part;
    if (!Array.isArray(content)) continue;
    const texts = { text: '', thinking: '' };
    for (const one of content.filter(isObject)) {
      if (one['type'] === 'thinking') texts.thinking += textIn(one['thinking']);
      else if (typeof one['text'] === 'string') texts.text += one['text'];
    }
    part['content'] = texts.text;
    if (texts.thinking !== '') part['reasoning_content'] = texts.thinking;
  }
  return answer;
}

/** Finish reasons by OpenAI's names, and a tool call's arguments as text. */
export function openAIFinish(answer: Answer): Answer {
  const choices = Array.isArray(answer['choices']) ? answer['choices'].filter(isObject) : [];
  for (const choice of choices) {
    const known = FINISH.get(choice['finish_reason']);
    if (known !== undefined) choice['finish_reason'] = known;
  }
  for (const { part } of partsOf(answer)) {
    const calls = Array.isArray(part['tool_calls']) ? part['tool_calls'].filter(isObject) : [];
    for (const { function: called } of calls) {
      if (isObject(called) && isObject(called['arguments'])) called['arguments'] = JSON.stringify(called['arguments']);
    }
  }
  return answer;
}

/** An answer that its provider gave up is none: another one may be had. Throws `unavailable`. */
export function notGivenUp(answer: Answer, reason: string, provider: string): Answer {
  const choices = Array.isArray(answer['choices']) ? answer['choices'].filter(isObject) : [];
  if (choices.some((choice) => choice['finish_reason'] === reason))
    throw new StillhouseError('unavailable', `${provider} gave the answer up (${reason})`);
  return answer;
}

/** Together's log-probabilities: lists side by side in an answer, one number in a chunk. */
export function logprobsOfTogether(answer: Answer): Answer {
  const choices = Array.isArray(answer['choices']) ? answer['choices'].filter(isObject) : [];
  for (const choice of choices) {
    const { logprobs, delta } = choice;
    if (typeof logprobs === 'number') {
      const token = isObject(delta) && typeof delta['content'] === 'string' ? delta['content'] : '';
      choice['logprobs'] = { content: [tokenLogprob(token, logprobs, {})], refusal: null };
    } else if (isObject(logprobs) && Array.isArray(logprobs['tokens'])) {
      const values = Array.isArray(logprobs['token_logprobs']) ? logprobs['token_logprobs'] : [];
      const tops = Array.isArray(logprobs['top_logprobs']) ? logprobs['top_logprobs'] : [];
      const content = logprobs['tokens'].map((token, at) => tokenLogprob(String(token), values[at], tops[at]));
      choice['logprobs'] = { content, refusal: null };
    }
  }
  return answer;
}

function tokenLogprob(token: string, logprob: unknown, top: unknown): object {
  const entry = (one: string, value: unknown) => ({
    token: one,
    logprob: typeof value === 'number' ? value : null,
    bytes: [...Buffer.from(one)],
  });
  return { ...entry(token, logprob), top_logprobs: isObject(top) ? Object.entries(top).map(([one, value]) => entry(one, value)) : [] };
}

const FINISH = new Map<unknown, string>([
  ['eos', 'stop'],
  ['stop_sequence', 'stop'],
  ['model_length', 'length'],
  ['max_tokens', 'length'],
]);

function textIn(thinking: unknown): string {
  if (typeof thinking === 'string') return thinking;
  if (!Array.isArray(thinking)) return '';
  return thinking.map((one) => (isObject(one) && typeof one['text'] === 'string' ? one['text'] : '')).join('');
}
