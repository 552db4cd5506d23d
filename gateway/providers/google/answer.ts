import { randomUUID } from 'node:crypto';
import { StillhouseError } from '../../../contracts/errors.ts';
import { isObject } from '../chat-fields.ts';
import {
  chatUsage,
  type ChatAnswerMessage,
  type ChatCompletion,
  type ChatUsage,
  type DialectCall,
  type ProviderFault,
} from '../dialect.ts';
import { finishOf, hasFailed, refusalOf } from './finish.ts';
import { CandidateReader } from './parts.ts';

type Loose = Record<string, unknown>;

/** Where the signature of a thought that led to a text is kept, as Google's own OpenAI dialect has it. */
export interface SignedText {
  extra_content?: { google: { thought_signature: string } };
}

/** An answer as a completion: a choice for each candidate; a prompt that was blocked is a refusal. Throws `upstream_invalid`, `unavailable`. */
export function googleAnswer(answer: unknown, call: DialectCall): ChatCompletion {
  refuseError(answer);
  if (!isObject(answer)) throw new StillhouseError('upstream_invalid', 'Google answered with something that is no content');
  const candidates = candidatesOf(answer);
  const blocked = blockReason(answer);
  if (candidates.length === 0 && blocked === null) throw new StillhouseError('upstream_invalid', 'Google answered without a candidate');
  const id = typeof answer['responseId'] === 'string' ? answer['responseId'] : randomUUID();
  const usage = usageOf(answer['usageMetadata']);
  const choices = candidates.map(({ candidate, index }) => choiceOf(candidate, index, id, candidates.length === 1));
  if (choices.length === 0)
    choices.push({
      index: 0,
      message: { role: 'assistant', content: null, refusal: refusalOf(blocked!) },
      finish_reason: 'content_filter',
    });
  return {
    id,
    object: 'chat.completion',
    created: call.now,
    model: typeof answer['modelVersion'] === 'string' ? answer['modelVersion'] : call.model,
    choices,
    ...(usage ? { usage } : {}),
  };
}

/** Its candidates by their place, which the first may leave out. */
export function candidatesOf(answer: Loose): { candidate: Loose; index: number }[] {
  const list = Array.isArray(answer['candidates']) ? answer['candidates'].filter(isObject) : [];
  return list.map((candidate, at) => ({ candidate, index: typeof candidate['index'] === 'number' ? candidate['index'] : at }));
}

function choiceOf(candidate: Loose, index: number, id: string, alone: boolean): ChatCompletion['choices'][number] {
  const reason = candidate['finishReason'];
  if (alone && hasFailed(reason)) throw failureOf(candidate);
  const { text, reasoning, calls, signature } = new CandidateReader(index).read(candidate, id);
  const finish = finishOf(reason, calls.length > 0) ?? 'stop';
  const message: ChatAnswerMessage & SignedText = {
    role: 'assistant',
    content: text === '' && (calls.length > 0 || finish === 'content_filter') ? null : text,
    ...(finish === 'content_filter' ? { refusal: refusalOf(reason) } : {}),
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
    ...signedText(signature),
  };
  const logprobs = logprobsOf(candidate['logprobsResult']);
  return { index, message, finish_reason: finish, ...(logprobs ? { logprobs } : {}) };
}

export function signedText(signature: string | null): SignedText {
  return signature === null ? {} : { extra_content: { google: { thought_signature: signature } } };
}

/** The failure of a model that ended without an answer. */
export function failureOf({ finishReason, finishMessage }: Loose): StillhouseError {
  const more = typeof finishMessage === 'string' && finishMessage !== '' ? `: ${finishMessage.slice(0, 500)}` : '';
  return new StillhouseError('upstream_invalid', `Google's model ended without an answer (${String(finishReason)})${more}`);
}

/** Why the prompt was refused; null where it was not. */
export function blockReason(answer: Loose): string | null {
  const feedback = answer['promptFeedback'];
  return isObject(feedback) && typeof feedback['blockReason'] === 'string' ? feedback['blockReason'] : null;
}

/** Thinking is counted apart there, and within the answer's tokens in the chat form. */
export function usageOf(usage: unknown): ChatUsage | null {
  if (!isObject(usage) || typeof usage['promptTokenCount'] !== 'number') return null;
  const count = (field: string) => (typeof usage[field] === 'number' ? usage[field] : 0);
  const reasoning = count('thoughtsTokenCount');
  const of = (field: string, modality: string) => tokensOf(usage[field], modality);
  return chatUsage({
    input: count('promptTokenCount') + count('toolUsePromptTokenCount'),
    output: count('candidatesTokenCount') + reasoning,
    cached: count('cachedContentTokenCount'),
    reasoning,
    audioIn: of('promptTokensDetails', 'AUDIO'),
    audioCached: of('cacheTokensDetails', 'AUDIO'),
    audioOut: of('candidatesTokensDetails', 'AUDIO'),
    imageOut: of('candidatesTokensDetails', 'IMAGE'),
  });
}

/** `[{modality, tokenCount}]`. */
function tokensOf(details: unknown, modality: string): number {
  const counts = Array.isArray(details) ? details.filter(isObject).filter((one) => one['modality'] === modality) : [];
  return counts.reduce((sum, { tokenCount }) => sum + (typeof tokenCount === 'number' ? tokenCount : 0), 0);
}

/** `{content: [{token, logprob, bytes, top_logprobs}]}`; null where there are none. */
export function logprobsOf(result: unknown): object | null {
  if (!isObject(result) || !Array.isArray(result['chosenCandidates'])) return null;
  const entry = (one: unknown) => {
    const token = isObject(one) && typeof one['token'] === 'string' ? one['token'] : '';
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

/** Throws the error that came where an answer should be, as a success or within a stream: `unavailable`, `upstream_invalid`. */
export function refuseError(answer: unknown): void {
  const first: unknown = Array.isArray(answer) ? answer[0] : answer;
  if (!isObject(first) || first['error'] == null) return;
  const { message, code } = googleError(first);
  throw new StillhouseError(code === 'UNAVAILABLE' ? 'unavailable' : 'upstream_invalid', `Google sent an error for an answer: ${message}`);
}

/** `{error: {code, message, status}}`, or a list of it. */
export function googleError(body: unknown): ProviderFault {
  const first: unknown = Array.isArray(body) ? body[0] : body;
  const error = isObject(first) && isObject(first['error']) ? first['error'] : {};
  return {
    message: typeof error['message'] === 'string' ? error['message'] : typeof body === 'string' ? body.slice(0, 500) : '',
    code: typeof error['status'] === 'string' ? error['status'] : null,
    ...retryDelay(error['details']),
  };
}

/** A duration of protocol buffers in JSON: seconds, at most nine digits behind the point. */
const DURATION = /^\d{1,9}(?:\.\d{1,9})?s$/;

/** `google.rpc.RetryInfo` among an error's details, which Google says instead of `Retry-After`. */
function retryDelay(details: unknown): { waitMs?: number } {
  const infos = Array.isArray(details) ? details.filter(isObject) : [];
  const info = infos.find((one) => typeof one['@type'] === 'string' && one['@type'].endsWith('/google.rpc.RetryInfo'));
  const delay = info?.['retryDelay'];
  return typeof delay === 'string' && DURATION.test(delay) ? { waitMs: Math.ceil(Number(delay.slice(0, -1)) * 1000) } : {};
}
