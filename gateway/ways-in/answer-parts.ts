import { StillhouseError } from '../../contracts/errors.ts';
import { isObject } from '../providers/chat-fields.ts';
import type { FinishReason } from '../providers/dialect.ts';
import { type ReasoningDetail, reasoningDetails } from '../providers/reasoning-details.ts';

type Loose = Record<string, unknown>;

/** What one choice of an answer says, or what of it came with a chunk. */
export interface AnswerParts {
  text: string;
  refusal: string;
  reasoning: string;
  /** `thinking` with its signature, and `redacted_thinking`: blocks that their provider wants back. */
  thoughts: Loose[];
  /** What OpenRouter wants back, in pieces where it comes with a chunk. */
  details: ReasoningDetail[];
  calls: CallPart[];
  finish: FinishReason | null;
  /** The stop text that was met, where the provider says which. */
  stop: string | null;
  logprobs: unknown[];
}

export interface CallPart {
  /** null where the provider does not count them. */
  index: number | null;
  /** Empty in all pieces of a streamed call but the first. */
  id: string;
  name: string;
  arguments: string;
}

/** The first choice of a completion or of a chunk. */
export function firstAnswer({ choices }: { choices: unknown }): AnswerParts {
  const all = Array.isArray(choices) ? choices.filter(isObject) : [];
  return answerParts(all.find(({ index }) => index == null || index === 0));
}

/** Read leniently, for answers of servers that speak OpenAI's dialect come as they are: what is nothing known is left out. */
export function answerParts(choice: Loose | undefined): AnswerParts {
  const said = choice?.['message'] ?? choice?.['delta'];
  const part = isObject(said) ? said : {};
  const logprobs = choice?.['logprobs'];
  const finish = choice?.['finish_reason'];
  const stop = choice?.['stop_reason'];
  return {
    text: textIn(part['content']),
    refusal: textIn(part['refusal']),
    // The newer servers call it so.
    reasoning: textIn(part['reasoning_content'] ?? part['reasoning']),
    thoughts: listOf(part['thinking_blocks']).filter(isThought),
    details: reasoningDetails(part),
    calls: listOf(part['tool_calls']).map(callPart),
    finish: typeof finish === 'string' ? (finish as FinishReason) : null,
    stop: finish === 'stop' && typeof stop === 'string' ? stop : null,
    logprobs: isObject(logprobs) && Array.isArray(logprobs['content']) ? (logprobs['content'] as unknown[]) : [],
  };
}

/** A text, or what the parts of one say. */
function textIn(content: unknown): string {
  if (typeof content === 'string') return content;
  return listOf(content)
    .map(({ text }) => (typeof text === 'string' ? text : ''))
    .join('');
}

function isThought({ type, signature }: Loose): boolean {
  return type === 'redacted_thinking' || (type === 'thinking' && typeof signature === 'string' && signature !== '');
}

function callPart({ index, id, function: called }: Loose): CallPart {
  const { name, arguments: args } = isObject(called) ? called : ({} as Loose);
  return {
    index: typeof index === 'number' ? index : null,
    id: typeof id === 'string' ? id : '',
    name: typeof name === 'string' ? name : '',
    arguments: typeof args === 'string' ? args : isObject(args) ? JSON.stringify(args) : '',
  };
}

function listOf(value: unknown): Loose[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** Tells the pieces of one streamed tool call from those of the next: by their index, by their id where all have one index. */
export class OpenCall {
  #open: CallPart | null = null;

  /** Whether the piece begins another call. Throws `upstream_invalid` where it belongs to one that is over. */
  begins(piece: CallPart): boolean {
    const open = this.#open;
    if (open && (piece.index === null || piece.index === open.index) && (piece.id === '' || piece.id === open.id)) return false;
    if (piece.id === '' && piece.name === '')
      throw new StillhouseError('upstream_invalid', 'The provider went on with a tool call that it had ended');
    this.#open = piece;
    return true;
  }

  end(): void {
    this.#open = null;
  }
}

/** The provider's id of a call, else one made of the trace's and its place, for results must find their calls. */
export function callId({ id }: CallPart, traceId: string, place: number): string {
  return id === '' ? `call_${traceId.replaceAll('-', '')}${place}` : id;
}
