import { createHash } from 'node:crypto';
import { lastUserText, type Message, textOf } from '../../contracts/chat.ts';
import { headAndTail, skeletonKey, skeletonOf } from './skeleton.ts';

/** What of a call says what is wanted. */
export interface IntentText {
  /** What is embedded: the last user message, of a long one the head and the tail; empty where there is none. */
  text: string;
  /** Identity of the system prompt, 16 hexadecimal digits of a hash; empty without one. Filled-in slots don't change it. */
  system: string;
  /** SHA-256 of the message's skeleton and the system prompt's identity: calls with the same key are one for clustering. */
  skeleton: string;
}

/** Some 128 tokens, what the embedder reads; shorter than its limit in no language that has spaces. */
const MAX_CHARACTERS = 600;
/** Of system prompts the beginning says who speaks; further down they may hold retrieved documents. */
const SYSTEM_CHARACTERS = 400;

/** What carries the intent of a call. */
export function intentText(messages: readonly Message[]): IntentText {
  const text = lastUserText(messages);
  const spoken = messages
    .filter(({ role }) => role === 'system' || role === 'developer')
    .map(textOf)
    .join('\n')
    .trim();
  const system = spoken ? shortHash(skeletonOf(spoken.slice(0, SYSTEM_CHARACTERS))) : '';
  return { text: headAndTail(text, MAX_CHARACTERS), system, skeleton: skeletonKey(text, system) };
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Texts that count as one, by their skeletons. */
export interface CollapsedTexts {
  /** Number of a text of each skeleton: its first. */
  representatives: number[];
  /** How many texts each stands for. */
  weights: number[];
  /** For each text the place of its skeleton among `representatives`. */
  places: Int32Array;
}

/** Collapses near-duplicates: calls with the same skeleton become one that weighs as much as all. */
export function collapseSkeletons(skeletons: readonly string[]): CollapsedTexts {
  const known = new Map<string, number>();
  const out: CollapsedTexts = { representatives: [], weights: [], places: new Int32Array(skeletons.length) };
  skeletons.forEach((skeleton, i) => {
    const place = known.get(skeleton) ?? out.representatives.push(i) - 1;
    known.set(skeleton, place);
    out.weights[place] = (out.weights[place] ?? 0) + 1;
    out.places[i] = place;
  });
  return out;
}
