import type { Detector } from '../../contracts/privacy.ts';

/** A text with what a detector finds replaced. Each takes time in proportion to the text, whatever is in it. */
export type Mask = (text: string) => string;

/** Masks of texts, in the order in which they are applied; `image` is no matter of texts. */
export const TEXT_MASKS: Readonly<Record<Exclude<Detector, 'image'>, Mask>> = {
  secret: maskSecrets,
  email: maskEmails,
  card: maskCards,
  phone: maskPhones,
};

/** "@" as it is written in texts, in URLs, and in JSON that was cut off and can't be parsed any more. */
const AT = /@|%40|\\u0040/g;
/** RFC 5322's atext, the dot, and letters of all scripts (RFC 6531). At most 64 of them make a local part; some systems take more. */
const LOCAL = /[\p{L}\p{N}\p{M}.!#$%&'*+/=?^_`{|}~-]/u;
const MOST_LOCAL = 128;
const DOMAIN =
  /^(?:(?:[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}_-]{0,62})\.){1,32}(?:xn--[a-z0-9-]{1,59}|[\p{L}\p{M}]{2,63})|\[[0-9a-f:.]{3,60}\])/iu;
/** The same where the text ends: somebody's limit may have cut it. */
const CUT_DOMAIN = /^[\p{L}\p{N}\p{M}_.-]{1,253}$/u;
const MOST_DOMAIN = 256;

/** From each "@" outwards: a search for whole addresses would try each beginning of a long word to its end. */
function maskEmails(text: string): string {
  let masked = '';
  let from = 0;
  for (const { 0: sign, index } of text.matchAll(AT)) {
    if (index < from) continue;
    const begin = beginOfLocal(text, index, from);
    if (begin === index) continue;
    const after = index + sign.length;
    const domain = DOMAIN.exec(text.slice(after, after + MOST_DOMAIN))?.[0] ?? cutDomain(text, after);
    if (domain === undefined) continue;
    masked += `${text.slice(from, begin)}[email]`;
    from = after + domain.length;
  }
  return from === 0 ? text : masked + text.slice(from);
}

function cutDomain(text: string, after: number): string | undefined {
  return text.length - after > MOST_DOMAIN ? undefined : CUT_DOMAIN.exec(text.slice(after))?.[0];
}

function beginOfLocal(text: string, at: number, from: number): number {
  const least = Math.max(from, at - MOST_LOCAL);
  let begin = at;
  if (text[at - 1] === '"' && at > from) {
    const quote = text.lastIndexOf('"', at - 2);
    if (quote >= least) return quote;
  }
  while (begin > least && LOCAL.test(charBefore(text, begin))) begin -= charBefore(text, begin).length;
  return begin;
}

/** With both halves of a surrogate pair. */
function charBefore(text: string, at: number): string {
  const low = text.charCodeAt(at - 1);
  return low >= 0xdc00 && low <= 0xdfff && at > 1 ? text.slice(at - 2, at) : text[at - 1]!;
}

/** Digits with at most one separator between two. */
const DIGITS = /\d(?:[ \u00a0\t-]?\d)+/g;
const MOST_CARD = 19;
const LEAST_CARD = 13;

/**
 * ISO/IEC 7812: 13 to 19 digits whose check digit (Luhn) is right, of a payment network's first digit; whole groups of digits
 * only, and none that letters or hyphens go on from: of all hashes and UUIDs some would pass.
 */
function maskCards(text: string): string {
  let masked = '';
  let from = 0;
  for (const { 0: run, index } of text.matchAll(DIGITS)) {
    if (run.length < LEAST_CARD) continue;
    for (let at = index; at < index + run.length; at++) {
      const end = beginsNumber(text, at) ? endOfCard(text, at, index + run.length) : null;
      if (end === null) continue;
      masked += `${text.slice(from, at)}[card]`;
      from = end;
      at = end - 1;
    }
  }
  return from === 0 ? text : masked + text.slice(from);
}

/** `0.4111111111111111` is a fraction. */
function beginsNumber(text: string, at: number): boolean {
  if (!isDigit(text.charCodeAt(at))) return false;
  return !/[A-Za-z0-9_-]/.test(text[at - 1] ?? ' ') && !(text[at - 1] === '.' && isDigit(text.charCodeAt(at - 2)));
}

function endsNumber(text: string, end: number): boolean {
  const next = text[end] ?? ' ';
  return next === '-' ? !/[A-Za-z0-9]/.test(text[end + 1] ?? ' ') : !/[A-Za-z0-9_]/.test(next);
}

/** The longest card that begins there; null where none does. */
function endOfCard(text: string, begin: number, endOfRun: number): number | null {
  if (text[begin]! < '2' || text[begin]! > '6') return null;
  let digits = '';
  let end: number | null = null;
  for (let at = begin; at < endOfRun && digits.length < MOST_CARD; at++) {
    if (!isDigit(text.charCodeAt(at))) continue;
    digits += text[at];
    if (digits.length >= LEAST_CARD && endsNumber(text, at + 1) && passesLuhn(digits)) end = at + 1;
  }
  return end;
}

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    sum += i % 2 === 0 ? digit : digit > 4 ? 2 * digit - 9 : 2 * digit;
  }
  return sum % 10 === 0;
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/**
 * Numbers as people write them: "+" or "00" and a country's code with 8 to 15 digits in all (E.164); a 0 and a trunk code;
 * North America's three, three and four. Digits in a row without any of these are not taken for one, nor what letters or hyphens go on
 * from: ids look like that.
 */
const PHONE = new RegExp(
  [
    String.raw`(?:(?<![\w+])\+|(?<![\w+.,-])00)[1-9](?:[ \u00a0().\/-]{0,2}\d){7,14}(?!\w|-\w)`,
    String.raw`(?<![\w+.,-])\(?0[1-9]\d{1,4}\)?[ \u00a0\/-]{1,3}\d{2,8}(?:[ \u00a0-]\d{2,6}){0,4}(?!\w|-\w)`,
    String.raw`(?<![\w+.,-])0[1-9]\d{8,10}(?!\w|-\w)`,
    String.raw`(?<![\w+.,-])(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[ .-])\d{3}[ .-]\d{4}(?!\w|-\w)`,
  ].join('|'),
  'g',
);

function maskPhones(text: string): string {
  return text.replace(PHONE, '[phone]');
}

/** Keys that tell what they are by how they begin. A PEM block that does not end is masked to the end of the text. */
const SECRET = new RegExp(
  [
    String.raw`-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[^]*?-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|[^]*)`,
    // OpenAI, Anthropic, OpenRouter, ours: with a digit somewhere, or it is words with hyphens
    String.raw`(?<![A-Za-z0-9])sk-(?=[A-Za-z0-9_-]{0,60}\d)[A-Za-z0-9_-]{16,}`,
    String.raw`(?<![A-Za-z0-9])(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}`,
    String.raw`(?<![A-Za-z0-9])(?:gh[opsur]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{22,}|glpat-[A-Za-z0-9_-]{20,})`,
    String.raw`(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])`,
    String.raw`(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}`,
    String.raw`(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,}`,
    String.raw`(?<![A-Za-z0-9])(?:hf|npm|gsk|whsec)_[A-Za-z0-9]{24,}`,
    String.raw`(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*`,
  ].join('|'),
  'g',
);

function maskSecrets(text: string): string {
  return text.replace(SECRET, '[secret]');
}
