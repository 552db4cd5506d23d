import { StillhouseError } from '../../../contracts/errors.ts';
import { isObject } from '../chat-fields.ts';
import {
  chatUsage,
  type ChatAnswerMessage,
  type ChatCompletion,
  type ChatToolCall,
  type ChatUsage,
  type DialectCall,
  type FinishReason,
  type ProviderFault,
} from '../dialect.ts';

type Loose = Record<string, unknown>;

/** An answer as a completion: a choice for each candidate; a prompt that was blocked is a refusal. */
export function googleAnswer(answer: unknown, call: DialectCall): ChatCompletion {
  if (!isObject(answer)) throw new StillhouseError('upstream_invalid', 'Google answered with something that is no content');
  const candidates = Array.isArray(answer['candidates']) ? answer['candidates'].filter(isObject) : [];
  const blocked = blockReason(answer);
  if (candidates.length === 0 && blocked === null) throw new StillhouseError('upstream_invalid', 'Google answered without a candidate');
  const usage = usageOf(answer['usageMetadata']);
  const choices = candidates.map((candidate, at) => choiceOf(candidate, typeof candidate['index'] === 'number' ? candidate['index'] : at));
  if (choices.length === 0)
    choices.push({
      index: 0,
      message: { role: 'assistant', content: null, refusal: refusalOf(blocked!) },
      finish_reason: 'content_filter',
    });
  return {
    id: typeof answer['responseId'] === 'string' ? answer['responseId'] : `chatcmpl-google-${call.now}`,
    object: 'chat.completion',
    created: call.now,
    model: typeof answer['modelVersion'] === 'string' ? answer['modelVersion'] : call.model,
    choices,
    ...(usage ? { usage } : {}),
  };
}

function choiceOf(candidate: Loose, index: number): ChatCompletion['choices'][number] {
  const { text, reasoning, calls } = partsOf(candidate, 0);
  const finish = finishOf(candidate['finishReason'], calls.length > 0) ?? 'stop';
  const message: ChatAnswerMessage = {
    role: 'assistant',
    content: text === '' && (calls.length > 0 || finish === 'content_filter') ? null : text,
    ...(finish === 'content_filter' ? { refusal: refusalOf(String(candidate['finishReason'])) } : {}),
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
  const logprobs = logprobsOf(candidate['logprobsResult']);
  return { index, message, finish_reason: finish, ...(logprobs ? { logprobs } : {}) };
}

/** What a candidate's parts say; its tool calls are numbered from `firstCall`, for Google gives them no ids. */
export function partsOf(candidate: Loose, firstCall: number): { text: string; reasoning: string; calls: ChatToolCall[] } {
  const content = candidate['content'];
  const parts = isObject(content) && Array.isArray(content['parts']) ? content['parts'].filter(isObject) : [];
  let text = '';
  let reasoning = '';
  const calls: ChatToolCall[] = [];
  for (const part of parts) {
    const called = part['functionCall'];
    if (isObject(called)) calls.push(callOf(called, part['thoughtSignature'], firstCall + calls.length));
    else if (typeof part['text'] !== 'string') continue;
    else if (part['thought'] === true) reasoning += part['text'];
    else text += part['text'];
  }
  return { text, reasoning, calls };
}

function callOf(called: Loose, signature: unknown, place: number): ChatToolCall {
  return {
    id: typeof called['id'] === 'string' && called['id'] !== '' ? called['id'] : `call_${place}`,
    type: 'function',
    function: { name: String(called['name'] ?? ''), arguments: JSON.stringify(called['args'] ?? {}) },
    ...(typeof signature === 'string' ? { extra_content: { google: { thought_signature: signature } } } : {}),
  };
}

/** Why it stopped; null where it goes on. What is new to us counts as an end. */
export function finishOf(reason: unknown, called: boolean): FinishReason | null {
  switch (reason) {
    case undefined:
    case null:
    case 'FINISH_REASON_UNSPECIFIED':
      return null;
    case 'MAX_TOKENS':
      return 'length';
    case 'SAFETY':
    case 'RECITATION':
    case 'LANGUAGE':
    case 'BLOCKLIST':
    case 'PROHIBITED_CONTENT':
    case 'SPII':
    case 'IMAGE_SAFETY':
      return 'content_filter';
    default:
      return called ? 'tool_calls' : 'stop';
  }
}

/** Why the prompt was refused; null where it was not. */
export function blockReason(answer: Loose): string | null {
  const feedback = answer['promptFeedback'];
  return isObject(feedback) && typeof feedback['blockReason'] === 'string' ? feedback['blockReason'] : null;
}

export function refusalOf(reason: string): string {
  return `The model declined to answer (${reason})`;
}

/** Thinking is counted apart there, and within the answer's tokens in the chat form. */
export function usageOf(usage: unknown): ChatUsage | null {
  if (!isObject(usage) || typeof usage['promptTokenCount'] !== 'number') return null;
  const count = (field: string) => (typeof usage[field] === 'number' ? usage[field] : 0);
  const reasoning = count('thoughtsTokenCount');
  return chatUsage({
    input: count('promptTokenCount') + count('toolUsePromptTokenCount'),
    output: count('candidatesTokenCount') + reasoning,
    cached: count('cachedContentTokenCount'),
    reasoning,
  });
}

/** `{content: [{token, logprob, bytes, top_logprobs}]}`; null where there are none. */
export function logprobsOf(result: unknown): object | null {
  if (!isObject(result) || !Array.isArray(result['chosenCandidates'])) return null;
  const entry = (one: unknown) => {
    const token = isObject(one) ? String(one['token'] ?? '') : '';
    return {
      token,
      logprob: isObject(one) && typeof one['logProbability'] === 'number' ? one['logProbability'] : 0,
      bytes: [...Buffer.from(token)],
    };
  };
  const tops = Array.isArray(result['topCandidates']) ? result['topCandidates'] : [];
  const content = result['chosenCandidates'].map((chosen: unknown, index) => {
    const top: unknown = tops[index];
    const candidates = isObject(top) && Array.isArray(top['candidates']) ? top['candidates'] : [];
    return { ...entry(chosen), top_logprobs: candidates.map(entry) };
  });
  return { content, refusal: null };
}

/** `{error: {code, message, status}}`, or a list of it. */
export function googleError(body: unknown): ProviderFault {
  const first: unknown = Array.isArray(body) ? body[0] : body;
  const error = isObject(first) && isObject(first['error']) ? first['error'] : {};
  return {
    message: typeof error['message'] === 'string' ? error['message'] : typeof body === 'string' ? body.slice(0, 500) : '',
    code: typeof error['status'] === 'string' ? error['status'] : null,
  };
}
