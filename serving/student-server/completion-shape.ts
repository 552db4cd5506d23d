import { randomUUID } from 'node:crypto';
import type { AnswerPiece, LanguageModelAnswer, TokenLogprob } from '../language-model/engine-contract.ts';

/** What an answer says of itself besides its text. */
export interface AnswerHead {
  id: string;
  created: number;
  model: string;
}

export function answerHead(model: string, nowMs: number): AnswerHead {
  return { id: `chatcmpl-${randomUUID()}`, created: Math.floor(nowMs / 1000), model };
}

/** OpenAI's whole completion. */
export function wholeCompletion(head: AnswerHead, answer: LanguageModelAnswer): string {
  const message = { role: 'assistant', content: answer.text, refusal: null };
  const logprobs = answer.logprobs && { content: answer.logprobs.map(tokenLogprob), refusal: null };
  const choices = [{ index: 0, message, logprobs, finish_reason: answer.finishReason }];
  return JSON.stringify({ ...head, object: 'chat.completion', choices, usage: usageOf(answer) });
}

/** Frames of OpenAI's stream. */
export const frames = {
  begin: (head: AnswerHead) => choice(head, { role: 'assistant', content: '' }, null),
  piece: (head: AnswerHead, piece: AnswerPiece) =>
    choice(
      head,
      { content: piece.text },
      null,
      piece.logprobs.length > 0 ? { content: piece.logprobs.map(tokenLogprob), refusal: null } : null,
    ),
  end: (head: AnswerHead, answer: LanguageModelAnswer) => choice(head, {}, answer.finishReason),
  usage: (head: AnswerHead, answer: LanguageModelAnswer) => frame(head, { choices: [], usage: usageOf(answer) }),
  done: 'data: [DONE]\n\n',
};

function usageOf(answer: LanguageModelAnswer) {
  return {
    prompt_tokens: answer.promptTokens,
    completion_tokens: answer.tokens,
    total_tokens: answer.promptTokens + answer.tokens,
    prompt_tokens_details: { cached_tokens: answer.cachedTokens },
    // Not OpenAI's: what the gateway's price is made of.
    compute_ms: Math.round(answer.computeMs * 1000) / 1000,
    compute_device: answer.device,
  };
}

function choice(head: AnswerHead, delta: object, finish: string | null, logprobs: object | null = null): string {
  return frame(head, { choices: [{ index: 0, delta, logprobs, finish_reason: finish }] });
}

function frame(head: AnswerHead, rest: object): string {
  return `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', ...rest })}\n\n`;
}

function tokenLogprob({ token, logprob, top }: TokenLogprob) {
  const withBytes = (one: { token: string; logprob: number }) => ({
    token: one.token,
    logprob: one.logprob,
    bytes: [...Buffer.from(one.token)],
  });
  return { ...withBytes({ token, logprob }), top_logprobs: top.map(withBytes) };
}
