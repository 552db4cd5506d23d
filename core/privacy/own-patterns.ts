import { RE2JS } from 're2js';
import { StillhouseError } from '../../contracts/errors.ts';
import type { OwnPattern } from '../../contracts/privacy.ts';
import type { Mask } from './detectors.ts';

/** Of a pattern's program; repeats count as often as they repeat. */
const MOST_STEPS = 250;

/** Masks of a project's own patterns. */
export interface OwnMasks {
  masks: Mask[];
  /** Of all programs: a letter of a text takes at most so many, at 25 to 45 million a second. */
  steps: number;
}

/**
 * RE2's engine (re2js, without native code) and not the language's own: no pattern and no text
 * makes it take more than the text's letters times the pattern's steps, for it never goes back. Throws `invalid_request` for one that is none.
 */
export function ownMasks(patterns: readonly OwnPattern[]): OwnMasks {
  let steps = 0;
  const masks = patterns.map(({ name, pattern }, index): Mask => {
    const refuse = (why: string) =>
      new StillhouseError('invalid_request', `The pattern "${name}" ${why}`, { param: `privacy.patterns.${index}.pattern` });
    let compiled: RE2JS;
    try {
      compiled = RE2JS.compile(pattern);
    } catch (error) {
      throw refuse(`can't be used: ${(error as Error).message} (RE2's syntax: no look-around, no back-references)`);
    }
    steps += compiled.programSize();
    if (compiled.programSize() > MOST_STEPS) throw refuse('is too large: repeat less, or fewer things at once');
    if (['', 'a', '1 -'].some((sample) => findsNothing(compiled, sample)))
      throw refuse('finds places where nothing is: each match must have a letter');
    return (text) => compiled.matcher(text).replaceAll(`[${name}]`);
  });
  return { masks, steps };
}

function findsNothing(compiled: RE2JS, sample: string): boolean {
  const matcher = compiled.matcher(sample);
  while (matcher.find()) if (matcher.start() === matcher.end()) return true;
  return false;
}
