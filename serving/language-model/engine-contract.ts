import type { Message } from '../../contracts/chat.ts';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import type { LanguageModelManifest } from '../../contracts/language-model.ts';
import type { Logger } from '../../platform/logger.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';

export interface LanguageModelEngineOptions {
  artifacts: ArtifactStore;
  /** Local copies of GGUF files, named by their SHA-256; several processes may share it. */
  folder: string;
  /** Where models are computed; `auto` takes the GPU where llama.cpp has one, else the processor. */
  gpu: 'auto' | 'cuda' | false;
  /** Processor threads that all models share. */
  threads: number;
  /** Memory of models, adapters and their contexts; the least recently used go first, never one in use. Default: no bound. */
  maxBytes?: number;
  /** Requests of one student that are computed together in a batch. Default 4. */
  sequences?: number;
  /** Tokens that a prompt and its answer may have together, where the student could read more: memory grows with it. Default 4096. */
  maxContextTokens?: number;
  log: Logger;
}

/** What a student is asked. */
export interface LanguageModelRequest {
  /** Text only: parts of a message that are no text count as nothing. `developer` is read as `system`. */
  messages: readonly Message[];
  /** Default: the manifest's `maxAnswerTokens`. */
  maxTokens?: number | undefined;
  /** 0 to 2; default 0, the likeliest token: what was evaluated is what is served. */
  temperature?: number | undefined;
  /** 0 to 1; default 1. */
  topP?: number | undefined;
  /** Of the sampling; without it each call draws another. */
  seed?: number | undefined;
  /** The answer ends before any of these texts. */
  stop?: readonly string[] | undefined;
  /** Taken from the logit of a token for each time that the answer holds it, and once where it does; -2 to 2, default 0. */
  frequencyPenalty?: number | undefined;
  presencePenalty?: number | undefined;
  /** Grammar of the answer: any JSON, or JSON of a schema. */
  json?: { schema: object | null } | undefined;
  /** Log-probabilities of the answer's tokens, and of so many likeliest tokens at each position (0 to 20). */
  topLogprobs?: number | undefined;
}

/** Natural logarithm of the probability of a token in the distribution that it was drawn from. */
export interface TokenLogprob {
  token: string;
  logprob: number;
  top: { token: string; logprob: number }[];
}

/** A piece of an answer, as soon as it is certain: no half characters, nothing that may become a stop text. */
export interface AnswerPiece {
  text: string;
  logprobs: TokenLogprob[];
}

export interface LanguageModelAnswer {
  text: string;
  /** Tokens of the answer, the one that ended it not counted. */
  tokens: number;
  promptTokens: number;
  /** Of the prompt's tokens, those that the sequence still knew from the call before. */
  cachedTokens: number;
  /** `length`: `maxTokens`, or the end of the window. */
  finishReason: 'stop' | 'length';
  /** null where they were not asked for. */
  logprobs: TokenLogprob[] | null;
  /** Milliseconds of one core (or of the GPU) that the answer took, without waiting; several at once share the time. */
  computeMs: number;
  /** Whose time that is. */
  device: 'cpu' | 'gpu';
}

/** How a model goes on after a given answer: what a served form is compared by with the trained one. */
export interface TeacherForced {
  /** The likeliest token at each position of the answer. */
  ids: number[];
  /** Of the answer's own token at each position. */
  logprobs: number[];
}

/** What is loaded, and what was done since the start. */
export interface EngineStats {
  /** Loaded students: adapters on a shared base, and whole models. */
  students: { manifestSha256: string; baseSha256: string; bytes: number; active: number; waiting: number }[];
  bases: { sha256: string; bytes: number; students: number }[];
  bytes: number;
  maxBytes: number;
  active: number;
  waiting: number;
  loads: number;
  evictions: number;
  answers: number;
  promptTokens: number;
  cachedTokens: number;
  answerTokens: number;
  computeMs: number;
}

/**
 * Language-model students in this process. Errors of all calls: `artifact_missing`, `artifact_corrupt`, `invalid_request`
 * (a prompt that is longer than the window, with the numbers), `unavailable` (retryable: no memory, too many calls wait;
 * not retryable: llama.cpp has no binary for this machine or GPU), `cancelled`.
 */
export interface LanguageModelEngine {
  /** Fetches and loads a student, so that its next call is fast. */
  prepare(manifest: ArtifactRef): Promise<LanguageModelManifest>;
  /** Answers. `onToken` gets the answer in pieces, in order; `signal` ends it as `cancelled`. */
  complete(
    manifest: ArtifactRef,
    request: LanguageModelRequest,
    options?: { onToken?: (piece: AnswerPiece) => void; signal?: AbortSignal },
  ): Promise<LanguageModelAnswer>;
  /** Token ids of the templated messages, as an answer to them begins. */
  promptIds(manifest: ArtifactRef, messages: readonly Message[]): Promise<number[]>;
  /** Reads a prompt and an answer, and says what the model would have answered at each position. */
  top1(manifest: ArtifactRef, promptIds: readonly number[], answerIds: readonly number[]): Promise<TeacherForced>;
  /** Lets calls in flight end, then takes the student out of memory. Nothing loaded is success. */
  release(manifest: ArtifactRef): Promise<void>;
  stats(): EngineStats;
  /** Lets go of everything; calls that wait end as `unavailable`. */
  close(): Promise<void>;
}
