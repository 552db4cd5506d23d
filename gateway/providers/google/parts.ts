import { argumentsText } from '../arguments-text.ts';
import { isObject } from '../chat-fields.ts';
import type { ChatToolCall } from '../dialect.ts';

type Loose = Record<string, unknown>;

/** What a candidate's parts say. */
export interface ReadParts {
  text: string;
  reasoning: string;
  calls: ChatToolCall[];
  /** Of the thought behind the text; null where there is none. */
  signature: string | null;
}

/** Reads one candidate, whole or part after part; its calls are numbered through. */
export class CandidateReader {
  /** How many calls it has made. */
  calls = 0;
  readonly #index: number;

  constructor(index: number) {
    this.#index = index;
  }

  /**
   * `answerId` is that of the whole answer: calls without an id of their own get one from it that no other answer's has.
   * Throws `upstream_invalid`.
   */
  read(candidate: Loose, answerId: string): ReadParts {
    const content = candidate['content'];
    const parts = isObject(content) && Array.isArray(content['parts']) ? content['parts'].filter(isObject) : [];
    const made: ReadParts = { text: '', reasoning: '', calls: [], signature: null };
    for (const part of parts) {
      const called = part['functionCall'];
      const signature = textIn(part, 'thoughtSignature');
      if (isObject(called)) made.calls.push(this.#call(called, signature, answerId));
      else if (part['thought'] === true) made.reasoning += textIn(part, 'text');
      else {
        made.text += textIn(part, 'text');
        if (signature !== '') made.signature = signature;
      }
    }
    return made;
  }

  #call(called: Loose, signature: string, answerId: string): ChatToolCall {
    const place = `${this.#index > 0 ? `${this.#index}_` : ''}${this.calls++}`;
    return {
      id: textIn(called, 'id') || `call_${answerId}_${place}`,
      type: 'function',
      function: { name: textIn(called, 'name'), arguments: argumentsText(called['args'], 'Google') },
      ...(signature === '' ? {} : { extra_content: { google: { thought_signature: signature } } }),
    };
  }
}

function textIn(value: Loose, field: string): string {
  return typeof value[field] === 'string' ? value[field] : '';
}
