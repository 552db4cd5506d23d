import { randomInt } from 'node:crypto';
import type { LlamaContextSequence, LlamaGrammarEvaluationState, Token } from 'node-llama-cpp';
import { StillhouseError } from '../../contracts/errors.ts';
import { AnswerText, type Certain } from './answer-text.ts';
import type { AnswerPiece, LanguageModelAnswer, LanguageModelRequest, TeacherForced, TokenLogprob } from './engine-contract.ts';
import { BATCH_TOKENS } from './loaded-base.ts';
import { knownTokens } from './loaded-student.ts';

export interface Generation {
  request: LanguageModelRequest;
  prompt: readonly Token[];
  /** Tokens that the answer may have at most. */
  maxTokens: number;
  grammar: LlamaGrammarEvaluationState | null;
  onToken: ((piece: AnswerPiece) => void) | undefined;
  signal: AbortSignal;
}

/** The whole distribution, unlike the engine's own defaults (the 40 likeliest, 95 % of the mass). */
const WHOLE = { topK: 0, topP: 1, minP: 0 };
const MAX_SEED = 2 ** 31;

/** Computes an answer on a sequence, which remembers its tokens for the next call. */
export async function generate(
  sequence: LlamaContextSequence,
  generation: Generation,
): Promise<Omit<LanguageModelAnswer, 'computeMs' | 'device'>> {
  const { request, prompt, maxTokens, signal } = generation;
  const { model } = sequence;
  const withLogprobs = request.topLogprobs !== undefined;
  const cachedTokens = await rewind(sequence, prompt);
  const rest = await read(sequence, prompt.slice(cachedTokens), signal);
  const answer = new AnswerText<Token, TokenLogprob | null>((tokens, before) => model.detokenize(tokens, false, before), request.stop);
  const logprobs: TokenLogprob[] = [];
  const give = (certain: Certain<TokenLogprob | null> | null) => {
    if (!certain) return;
    const piece = { text: certain.text, logprobs: certain.tokens.filter((one) => one !== null) };
    logprobs.push(...piece.logprobs);
    generation.onToken?.(piece);
  };
  const written: Token[] = [];
  const steps = sequence.evaluateWithMetadata(
    rest,
    { confidence: withLogprobs, probabilities: (request.topLogprobs ?? 0) > 0 },
    {
      ...WHOLE,
      temperature: request.temperature ?? 0,
      topP: request.topP ?? 1,
      seed: request.seed ?? randomInt(MAX_SEED),
      ...(generation.grammar ? { grammarEvaluationState: generation.grammar } : {}),
      ...penalties(request, written, maxTokens),
    },
  );
  // The model ends its answer by itself where the loop ends by itself.
  let finishReason: 'stop' | 'length' = 'stop';
  for await (const step of steps) {
    throwIfAborted(signal);
    written.push(step.token);
    give(answer.push(step.token, withLogprobs ? logprobOf(step, request.topLogprobs!, (token) => model.detokenize([token], true)) : null));
    if (answer.stopped) break;
    if (written.length < maxTokens) continue;
    finishReason = 'length';
    break;
  }
  give(answer.end());
  return {
    text: answer.text,
    tokens: written.length,
    promptTokens: prompt.length,
    cachedTokens,
    finishReason,
    logprobs: withLogprobs ? logprobs : null,
  };
}

/** Reads a prompt and an answer at once, and says what the model held likeliest at each position of the answer. */
export async function teacherForced(
  sequence: LlamaContextSequence,
  prompt: readonly Token[],
  answer: readonly Token[],
): Promise<TeacherForced> {
  const cached = await rewind(sequence, prompt);
  const input = [...prompt, ...answer.slice(0, -1)].slice(cached);
  const first = prompt.length - 1 - cached;
  const asked = input.map((token, index) => {
    if (index < first) return token;
    const logits = { filter: { tokens: [answer[index - first]!], includeTop: 1 } };
    return [token, { generateNext: { logits, totalLogitWeight: true, options: { ...WHOLE, temperature: 0 } } }] as [Token, object];
  });
  const results = await sequence.controlledEvaluate(asked);
  const positions = answer.map((token, index) => {
    const { logits, totalLogitWeight } = results[first + index]!.next;
    const [likeliest, highest] = [...logits!].reduce((a, b) => (b[1] > a[1] ? b : a));
    // The weight is the sum of exp(logit - highest).
    return { id: likeliest as number, logprob: logits!.get(token)! - highest - Math.log(totalLogitWeight!) };
  });
  return { ids: positions.map((one) => one.id), logprobs: positions.map((one) => one.logprob) };
}

/** Takes back what the sequence knows beyond the prompt's beginning; gives how much of the prompt stays known. */
async function rewind(sequence: LlamaContextSequence, prompt: readonly Token[]): Promise<number> {
  const keep = knownTokens(sequence, prompt);
  if (keep < sequence.nextTokenIndex) await sequence.eraseContextTokenRanges([{ start: keep, end: sequence.nextTokenIndex }]);
  return sequence.nextTokenIndex;
}

/** Reads a long prompt in pieces, so that a caller who goes away need not be waited for; gives the last piece, unread. */
async function read(sequence: LlamaContextSequence, prompt: Token[], signal: AbortSignal): Promise<Token[]> {
  let from = 0;
  throwIfAborted(signal);
  for (; prompt.length - from > BATCH_TOKENS; from += BATCH_TOKENS) {
    await sequence.evaluateWithoutGeneratingNewTokens(prompt.slice(from, from + BATCH_TOKENS));
    throwIfAborted(signal);
  }
  return prompt.slice(from);
}

/** OpenAI's penalties, over the answer alone. */
function penalties({ frequencyPenalty, presencePenalty }: LanguageModelRequest, written: Token[], maxPunishTokens: number) {
  if (!frequencyPenalty && !presencePenalty) return {};
  const punishTokens = () => written;
  return {
    repeatPenalty: {
      punishTokens,
      maxPunishTokens,
      penalty: 1,
      frequencyPenalty: frequencyPenalty ?? 0,
      presencePenalty: presencePenalty ?? 0,
    },
  };
}

function logprobOf(
  step: { token: Token; confidence?: number; probabilities?: Map<Token, number> },
  top: number,
  textOf: (token: Token) => string,
): TokenLogprob {
  const likeliest = [...(step.probabilities ?? new Map<Token, number>())].slice(0, top);
  const log = (probability: number) => Math.max(Math.log(probability), -9999);
  return {
    token: textOf(step.token),
    logprob: log(step.confidence ?? 0),
    top: likeliest.map(([token, probability]) => ({ token: textOf(token), logprob: log(probability) })),
  };
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new StillhouseError('cancelled', 'The caller went away');
}
