import type { DatasetRow, Task } from '../../contracts/datasets.ts';

/** US dollars per million tokens. */
export interface Price {
  inputUsdPerMTok: number;
  outputUsdPerMTok: number;
}

/** The most that one call can cost. A byte is never less than a token, so that bytes bound tokens that nobody has counted. */
export function worstCallUsd(price: Price, tokens: { in: number; out: number }): number {
  return (tokens.in * price.inputUsdPerMTok + tokens.out * price.outputUsdPerMTok) / 1_000_000;
}

/**
 * Tokens of a row's prompt at most: what the teacher was billed for in the recorded call, else its bytes and a margin for
 * the chat format. Other models count otherwise; an encoder reads the last message only.
 */
export function promptTokenBound(
  row: Pick<DatasetRow, 'promptTokens' | 'referenceTarget' | 'messages' | 'tools' | 'responseFormat'>,
  teacher: string,
): number {
  if (row.promptTokens > 0 && row.referenceTarget === teacher) return row.promptTokens;
  const text = JSON.stringify([row.messages, row.tools, row.responseFormat]);
  return Buffer.byteLength(text) + 8 * row.messages.length;
}

/**
 * Tokens of an answer at most, sent as `max_completion_tokens`: for labels the longest one in bytes, else the 99th
 * percentile of the reference answers in bytes.
 */
export function answerTokenBound(task: Task, labels: readonly string[], p99ReferenceBytes: number): number {
  if (task.kind !== 'label') return Math.max(16, Math.ceil(p99ReferenceBytes));
  return Math.max(1, ...labels.map((label) => Buffer.byteLength(label)));
}
