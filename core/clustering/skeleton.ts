import { createHash } from 'node:crypto';
import { normaliseText } from '../dataset/split.ts';

const MONTH =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)';

/** What is filled into templates, by what it looks like; the first that fits counts. */
const SLOTS: readonly (readonly [mark: string, pattern: RegExp])[] = [
  ['⟨code⟩', /```[\s\S]*?(?:```|$)/gu],
  ['⟨url⟩', /\b(?:https?|ftp):\/\/[^\s<>"')\]]+|\bwww\.[^\s<>"')\]]+/giu],
  ['⟨mail⟩', /[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63})+/gu],
  ['⟨text⟩', /"[^"\n]{1,400}"|“[^”\n]{1,400}”|„[^“”\n]{1,400}[“”]|«[^»\n]{1,400}»|(?<![\p{L}\p{N}])'[^'\n]{1,400}'(?![\p{L}\p{N}])/gu],
  ['⟨date⟩', /\b\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?\b/gu],
  ['⟨date⟩', /\b\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}\b/gu],
  ['⟨date⟩', new RegExp(`\\b\\d{1,2}(?:st|nd|rd|th)?\\s(?:of\\s)?${MONTH}\\b(?:,?\\s\\d{4})?`, 'giu')],
  ['⟨date⟩', new RegExp(`\\b${MONTH}\\s\\d{1,2}(?:st|nd|rd|th)?\\b(?:,?\\s\\d{4})?`, 'giu')],
  ['⟨time⟩', /\b\d{1,2}:\d{2}(?::\d{2})?\b/gu],
  // A word with letters and digits: an order, a commit, a UUID.
  ['⟨id⟩', /(?<![\p{L}\p{N}])(?=[\p{L}_-]{0,64}\d)(?=[\d_-]{0,64}\p{L})[\p{L}\d]+(?:[-_][\p{L}\d]+)*/gu],
  ['⟨number⟩', /(?<![\p{L}\p{N}])[-+]?\p{Sc}?\s?\d+(?:[.,'’ ]\d+)*(?:\s?[%\p{Sc}])?/gu],
];

/** Longer texts are compared by their beginning and end. */
const MAX_CHARACTERS = 8000;
/** Names are told by their capitals, which is wrong in titles and in languages that write nouns so: English only … */
const ENGLISH = /\b(?:the|of|my|to|for|and|what|how|why|where|is|are|you|your|please|this|that|with|from)\b/u;
/** … and no more of the words than this. */
const MOST_NAMES = 0.25;
/** A capital and small letters, not at the beginning of a sentence; neighbours are one name. */
const NAME = /(?<=[\p{Ll}\p{N},;)⟩]\s)\p{Lu}\p{Ll}+(?:[ '’-]\p{Lu}\p{Ll}+)*/gu;

/**
 * A text without what is filled into it: numbers, dates, times, ids, addresses, code, quoted text and names become marks,
 * case and white space are levelled. Texts of one template share a skeleton; what is of no template has one of its own.
 */
export function skeletonOf(text: string): string {
  let skeleton = headAndTail(text, MAX_CHARACTERS).normalize('NFKC').replace(/\s+/gu, ' ');
  for (const [mark, pattern] of SLOTS) skeleton = skeleton.replace(pattern, mark);
  const words = skeleton.split(' ').length;
  const names = skeleton.match(NAME)?.length ?? 0;
  if (ENGLISH.test(skeleton) && names <= Math.max(1, words * MOST_NAMES)) skeleton = skeleton.replace(NAME, '⟨name⟩');
  return normaliseText(skeleton);
}

/** SHA-256 of a text's skeleton and, where there is one, of what it stands under. */
export function skeletonKey(text: string, within = ''): string {
  return createHash('sha256')
    .update(`${within}\n${skeletonOf(text)}`)
    .digest('hex');
}

/** A long text's first three quarters and last quarter of so many characters: what is asked stands at either end. */
export function headAndTail(text: string, characters: number): string {
  if (text.length <= characters) return text;
  const tail = Math.floor(characters / 4);
  // A cut may fall into a pair of surrogates, of which one alone is no text: providers refuse it.
  return `${text.slice(0, characters - tail - 3)} … ${text.slice(-tail)}`.toWellFormed();
}
