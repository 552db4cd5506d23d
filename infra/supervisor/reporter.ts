import type { Part } from '../../contracts/names.ts';

/** What a start and a running stack tell the person who looks on. Implementations decide how much of it to show. */
export interface Reporter {
  /** A milestone or a trouble: said once. */
  say(name: string, text: string): void;
  /** How far it is: replaces what was shown of it before. */
  progress(name: string, text: string): void;
  /** A preparation is done. */
  prepared(name: string, seconds: number, result: string): void;
  /** A part serves. */
  ready(part: Part, seconds: number): void;
  /** A part ended that should not have. */
  down(part: Part, why: string, againInMs: number): void;
}
