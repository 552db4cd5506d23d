import type { Message } from '../../contracts/chat.ts';

/** One call as a log tells of it, whatever the log. */
export interface ImportedCall {
  /** What the log calls it; null where it has no name, and its content stands for it. */
  sourceId: string | null;
  /** Milliseconds since 1970; null where the log does not say. */
  at: number | null;
  /** Empty where unknown. */
  provider: string;
  /** Empty where unknown. */
  modelAsked: string;
  modelAnswered: string;
  /** In OpenAI's chat form, without model and messages: tools, parameters. */
  parameters: Readonly<Record<string, unknown>>;
  messages: readonly Message[];
  /** The assistant's message; null where the call failed. */
  answer: Message | null;
  finishReason: string;
  usage: { input: number; output: number; cached: number; reasoning: number };
  /** US dollars; null where the log knows no price. */
  costUsd: number | null;
  /** 0 where unknown. */
  latencyMs: number;
  firstTokenMs: number;
  streamed: boolean;
  /** null where it went well. */
  error: string | null;
  httpStatus: number;
  userId: string;
  sessionId: string;
  metadata: Readonly<Record<string, string>>;
}

/** How one kind of log is read. */
export interface LogReader {
  /** Whether a line, parsed, looks like one of its. */
  knows(line: Loose): boolean;
  /** The call; null for a line that is of the log and tells of no call. Throws `LineFault`. */
  read(line: Loose): ImportedCall | null;
}

export type Loose = Readonly<Record<string, unknown>>;

/** Why a line is none; its message is for people and begins with what is wrong. */
export class LineFault extends Error {}
