import { Message } from '../../contracts/chat.ts';
import { LineFault, type Loose } from './imported-call.ts';

/** The first of these fields that says something. */
export function field(line: Loose, ...names: string[]): unknown {
  for (const name of names) if (line[name] !== undefined && line[name] !== null && line[name] !== '') return line[name];
  return undefined;
}

export function text(line: Loose, ...names: string[]): string {
  const value = field(line, ...names);
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}

/** A number, also as text: exports of databases quote them. undefined where there is none. */
export function number(line: Loose, ...names: string[]): number | undefined {
  const value = field(line, ...names);
  const read = typeof value === 'number' ? value : typeof value === 'string' ? Number(value) : Number.NaN;
  return Number.isFinite(read) ? read : undefined;
}

/** A number of tokens. */
export function count(line: Loose, ...names: string[]): number {
  const value = number(line, ...names);
  return value === undefined || value < 0 || value >= 2 ** 31 ? 0 : Math.round(value);
}

/** A price. Logs write 0 where they know none: that is no price for tokens that were used. */
export function dollars(value: number | undefined, tokens: number): number | null {
  if (value === undefined || value < 0 || (value === 0 && tokens > 0)) return null;
  return value;
}

export function isTrue(value: unknown): boolean {
  return value === true || value === 1 || value === '1' || value === 'true';
}

/** An object, or one as JSON text; undefined for anything else. */
export function object(value: unknown): Loose | undefined {
  const read = typeof value === 'string' ? parsed(value) : value;
  return typeof read === 'object' && read !== null && !Array.isArray(read) ? (read as Loose) : undefined;
}

/** A list, or one as JSON text. */
export function list(value: unknown): readonly unknown[] | undefined {
  const read = typeof value === 'string' ? parsed(value) : value;
  return Array.isArray(read) ? read : undefined;
}

function parsed(value: string): unknown {
  if (!/^\s*[[{]/.test(value)) return undefined;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

/** Before it there were no such calls; after it, there can't have been any yet. */
const EARLIEST = Date.UTC(2018, 0, 1);
const CLOCK_SKEW_MS = 24 * 60 * 60_000;

/** A time: ISO 8601, ClickHouse's, or seconds or milliseconds since 1970; null where none is given. Throws `LineFault` for what can't be. */
export function time(line: Loose, nowMs: number, ...names: string[]): number | null {
  const value = field(line, ...names);
  if (value === undefined) return null;
  const ms = milliseconds(value);
  if (!Number.isFinite(ms)) throw new LineFault(`${names[0]}: ${JSON.stringify(value).slice(0, 60)} is no time`);
  if (ms < EARLIEST || ms > nowMs + CLOCK_SKEW_MS)
    throw new LineFault(`${names[0]}: ${iso(ms)} is ${ms < EARLIEST ? 'before there were such calls' : 'in the future'}`);
  return Math.floor(ms);
}

function iso(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}

function milliseconds(value: unknown): number {
  if (typeof value === 'number') return value < 1e11 ? value * 1000 : value;
  if (typeof value !== 'string') return Number.NaN;
  if (/^\d+(\.\d+)?$/.test(value)) return milliseconds(Number(value));
  // Without a zone it is UTC, as databases write it.
  const zoned = /([zZ]|[+-]\d\d:?\d\d)$/.test(value) ? value : `${value}Z`;
  return Date.parse(
    zoned
      .replace(' ', 'T')
      .replace(/(\.\d{3})\d+/, '$1')
      .replace(/ ?UTC/, ''),
  );
}

/** Milliseconds between two times; 0 where one is missing. */
export function between(from: number | null, to: number | null): number {
  return from === null || to === null ? 0 : Math.max(0, Math.min(2 ** 31, Math.round(to - from)));
}

/** Messages in OpenAI's form. Throws `LineFault` where there are none. */
export function messages(value: unknown, where: string): Message[] {
  const given = list(value);
  if (!given || given.length === 0) throw new LineFault(`${where}: there are no messages`);
  return given.map((one, index) => {
    const read = Message.safeParse(one);
    if (read.success) return read.data;
    throw new LineFault(`${where}[${index}]: is no message, with a role and a content`);
  });
}

/** An answer as logs keep it: a message, a text, a completion, or a list whose first is one. null where it is nothing. */
export function answer(value: unknown): { message: Message; finishReason: string; model: string; usage: Loose | undefined } | null {
  const nothing = { finishReason: '', model: '', usage: undefined };
  const given = object(value) ?? list(value)?.[0] ?? value;
  if (typeof given === 'string') return given === '' ? null : { message: { role: 'assistant', content: given }, ...nothing };
  if (typeof given !== 'object' || given === null) return null;
  const loose = given as Loose;
  const choice = object(list(loose['choices'])?.[0]);
  if (choice) {
    const message = Message.safeParse(choice['message']);
    if (!message.success) return null;
    return {
      message: message.data,
      finishReason: text(choice, 'finish_reason'),
      model: text(loose, 'model'),
      usage: object(loose['usage']),
    };
  }
  const message = Message.safeParse({ role: 'assistant', ...loose });
  const says = message.success && (message.data.content != null || 'tool_calls' in message.data || 'function_call' in message.data);
  return says ? { message: message.data, ...nothing } : null;
}

/** Pairs of strings as traces keep them: 16 at most, keys up to 64 characters, values up to 512. What is deeper is JSON. */
export function pairs(value: unknown, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [key, given] of [...Object.entries(more), ...Object.entries(object(value) ?? {})]) {
    if (given === null || given === undefined || given === '' || Object.keys(kept).length >= 16) continue;
    kept[key.slice(0, 64)] ??= (typeof given === 'string' ? given : JSON.stringify(given)).slice(0, 512).toWellFormed();
  }
  return kept;
}

/** Usage in OpenAI's words, or Anthropic's. */
export function usage(given: Loose | undefined): { input: number; output: number; cached: number; reasoning: number } {
  if (!given) return { input: 0, output: 0, cached: 0, reasoning: 0 };
  const input = count(given, 'prompt_tokens', 'input_tokens');
  return {
    input,
    output: count(given, 'completion_tokens', 'output_tokens'),
    cached: Math.min(input, count(object(given['prompt_tokens_details']) ?? {}, 'cached_tokens')),
    reasoning: count(object(given['completion_tokens_details']) ?? {}, 'reasoning_tokens'),
  };
}

const NO_PARAMETERS = new Set(['model', 'messages', 'metadata', 'stream', 'stream_options', 'user']);

/** What of a chat request is neither its model nor its messages, nor about how it is sent. */
export function parameters(body: Loose | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body ?? {}).filter(([name, value]) => value != null && !NO_PARAMETERS.has(name)));
}
