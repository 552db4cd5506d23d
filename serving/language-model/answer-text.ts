/** Text that is certain, with what its tokens carried. */
export interface Certain<T> {
  text: string;
  tokens: T[];
}

/** What an unfinished UTF-8 character looks like in a decoded text. */
const HALF = '\uFFFD';
/** A character of UTF-8 has four bytes: after as many tokens a half one is a broken one. */
const MAX_HALF_TOKENS = 4;

/**
 * Puts an answer together from its tokens. Text is held back while it ends with half a character, or with the beginning
 * of a stop text; the answer ends before a stop text.
 */
export class AnswerText<Token, Carried> {
  text = '';
  stopped = false;
  readonly #decode: (tokens: readonly Token[], before: readonly Token[]) => string;
  readonly #stops: readonly string[];
  #emitted = 0;
  /** Tokens that have no text yet. */
  #half: Token[] = [];
  #before: Token[] = [];
  /** What tokens carried, with where their text ends; not given out yet. */
  readonly #held: { end: number; carried: Carried }[] = [];
  readonly #waiting: Carried[] = [];

  constructor(decode: (tokens: readonly Token[], before: readonly Token[]) => string, stops: readonly string[] = []) {
    this.#decode = decode;
    this.#stops = stops.filter((stop) => stop !== '');
  }

  /** Takes in a token; gives what has become certain, or null. Sets `stopped` where a stop text is complete. */
  push(token: Token, carried: Carried): Certain<Carried> | null {
    this.#half.push(token);
    this.#waiting.push(carried);
    const piece = this.#decode(this.#half, this.#before);
    if (piece.endsWith(HALF) && this.#half.length < MAX_HALF_TOKENS) return null;
    const searchFrom = Math.max(0, this.text.length - this.#longestStop() + 1);
    this.text += piece;
    this.#before = this.#half;
    this.#half = [];
    for (const one of this.#waiting.splice(0)) this.#held.push({ end: this.text.length, carried: one });
    const end = this.#stopAt(searchFrom);
    if (end !== null) {
      this.stopped = true;
      this.text = this.text.slice(0, end);
      return this.#emit(end);
    }
    return this.#emit(this.text.length - this.#begunStop());
  }

  /** The rest, once no more tokens come. */
  end(): Certain<Carried> | null {
    if (this.stopped) return null;
    if (this.#half.length > 0) this.text += this.#decode(this.#half, this.#before);
    this.#half = [];
    for (const one of this.#waiting.splice(0)) this.#held.push({ end: this.text.length, carried: one });
    return this.#emit(this.text.length);
  }

  #emit(to: number): Certain<Carried> | null {
    const tokens: Carried[] = [];
    while (this.#held[0] && this.#held[0].end <= to) tokens.push(this.#held.shift()!.carried);
    const text = this.text.slice(this.#emitted, to);
    this.#emitted = Math.max(this.#emitted, to);
    return text === '' && tokens.length === 0 ? null : { text, tokens };
  }

  #longestStop(): number {
    return Math.max(0, ...this.#stops.map((stop) => stop.length));
  }

  #stopAt(from: number): number | null {
    const found = this.#stops.map((stop) => this.text.indexOf(stop, from)).filter((at) => at >= 0);
    return found.length === 0 ? null : Math.min(...found);
  }

  /** How many characters at the end may be the beginning of a stop text. */
  #begunStop(): number {
    let longest = 0;
    for (const stop of this.#stops) {
      for (let length = Math.min(stop.length - 1, this.text.length); length > longest; length--) {
        if (this.text.endsWith(stop.slice(0, length))) longest = length;
      }
    }
    return longest;
  }
}
