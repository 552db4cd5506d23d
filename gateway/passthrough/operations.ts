import type { TraceKind } from '../../contracts/traces.ts';
import { BYTES_PER_TOKEN } from '../limits/worst-case.ts';
import type { MediaUsage } from '../providers/provider.ts';
import { NO_USAGE } from '../providers/provider.ts';
import { LONGEST_TEXT } from './body-digest.ts';

/** What a call is before it is made, for its limits. */
export interface Sized {
  /** Fields of JSON, or of a form. */
  fields: Readonly<Record<string, unknown>>;
  /** That came by then; null: of JSON. */
  files: number | null;
  /** Of the body, as far as they are announced. */
  bytes: number;
  /** Fields may still come. */
  isOpen: boolean;
}

/** One of OpenAI's paths that has a model and is no chat. */
export interface Operation {
  /** Behind `/v1`. */
  path: string;
  kind: TraceKind;
  /** OpenAI has a model of its own where a call names none. */
  modelIsOptional: boolean;
  /** A trace keeps so many bytes of a text in the answer. */
  longestString: number;
  /** What it may use at most, as far as can be told. */
  worst(sized: Sized): MediaUsage;
  /** What it uses for sure, by what is asked: of models that are paid so, that is all that can be known. Absent: nothing. */
  told?(fields: Sized['fields']): MediaUsage;
}

const NONE: MediaUsage = { ...NO_USAGE, imageTokensIn: 0, audioTokensIn: 0, seconds: null };
/** Of the largest picture in the best quality: OpenAI's table for `gpt-image-1`. */
const TOKENS_OF_PICTURE = 6_240;
/** OpenAI draws no more at once. */
const MOST_PICTURES = 10;
/** Of a picture that is to be edited, as vision counts one. */
const TOKENS_OF_GIVEN_PICTURE = 6_240;
/** OpenAI takes 16 and a mask. */
const MOST_GIVEN_PICTURES = 17;
/** Spoken text: some 15 letters and 21 tokens a second. */
const SPOKEN_TOKENS_PER_LETTER = 2;
/** The thinnest sound that is usual, 16 kbit/s, and tokens of a second of it, heard and written. */
const BYTES_PER_SECOND = 2_000;
const HEARD_TOKENS_PER_SECOND = 10;
const WRITTEN_TOKENS_PER_SECOND = 5;
/** OpenAI takes no larger sound: a body that does not say its length may be so long. */
const LARGEST_SOUND = 25 * 1024 * 1024;

const PICTURE_BYTES = 512;

function textTokens(value: unknown): number {
  return typeof value === 'string' ? Math.ceil(Buffer.byteLength(value) / BYTES_PER_TOKEN) : 0;
}

function pictures({ fields, isOpen }: Sized): MediaUsage {
  const n = fields['n'] ?? (isOpen ? MOST_PICTURES : 1);
  // What is no number here may be one to another reader: "１０".
  const isPlain = (typeof n === 'number' || typeof n === 'string') && /^\s*[1-9]\d*\s*$/.test(String(n));
  const tokensOut = TOKENS_OF_PICTURE * (isPlain ? Number(n) : MOST_PICTURES);
  return { ...NONE, tokensIn: textTokens(fields['prompt']), tokensOut, tokensImageOut: tokensOut };
}

function edited(sized: Sized): MediaUsage {
  const usage = pictures(sized);
  const { fields, files, isOpen } = sized;
  const listed = Array.isArray(fields['images']) ? fields['images'].length + 1 : MOST_GIVEN_PICTURES;
  const given = isOpen ? MOST_GIVEN_PICTURES : (files ?? listed);
  const imageTokensIn = given * TOKENS_OF_GIVEN_PICTURE;
  return { ...usage, tokensIn: usage.tokensIn + imageTokensIn, imageTokensIn };
}

/** By tokens; models that are paid by the second are told by `secondsOf`. */
function heard({ bytes }: Sized): MediaUsage {
  const seconds = secondsOf(bytes);
  const audioTokensIn = seconds * HEARD_TOKENS_PER_SECOND;
  return { ...NONE, tokensIn: audioTokensIn, audioTokensIn, tokensOut: seconds * WRITTEN_TOKENS_PER_SECOND };
}

function secondsOf(bytes: number): number {
  return Math.ceil((bytes > 0 ? bytes : LARGEST_SOUND) / BYTES_PER_SECOND);
}

/** The same sound for models that are paid by its time; null where there is none. */
export function worstSeconds({ kind }: Operation, { bytes }: Sized): MediaUsage | null {
  return kind === 'audio' ? { ...NONE, seconds: secondsOf(bytes) } : null;
}

/** As people count them: one that JavaScript writes as two is one. */
function charactersOf(text: string): number {
  let characters = 0;
  for (const _ of text) characters++;
  return characters;
}

/** https://platform.openai.com/docs/api-reference */
export const OPERATIONS: readonly Operation[] = [
  { path: '/images/generations', kind: 'images', modelIsOptional: true, longestString: PICTURE_BYTES, worst: pictures },
  { path: '/images/edits', kind: 'images', modelIsOptional: true, longestString: PICTURE_BYTES, worst: edited },
  { path: '/images/variations', kind: 'images', modelIsOptional: true, longestString: PICTURE_BYTES, worst: pictures },
  {
    path: '/audio/speech',
    kind: 'audio',
    modelIsOptional: false,
    longestString: PICTURE_BYTES,
    worst({ fields }) {
      const letters = [fields['input'], fields['instructions']].reduce((sum: number, text) => sum + textTokens(text), 0);
      const spoken = typeof fields['input'] === 'string' ? fields['input'].length : 0;
      return { ...NONE, tokensIn: letters, tokensOut: spoken * SPOKEN_TOKENS_PER_LETTER };
    },
    told: ({ input }) => ({ ...NONE, characters: typeof input === 'string' ? charactersOf(input) : 0 }),
  },
  { path: '/audio/transcriptions', kind: 'audio', modelIsOptional: false, longestString: LONGEST_TEXT, worst: heard },
  { path: '/audio/translations', kind: 'audio', modelIsOptional: false, longestString: LONGEST_TEXT, worst: heard },
  {
    path: '/moderations',
    kind: 'moderations',
    modelIsOptional: true,
    longestString: LONGEST_TEXT,
    worst: ({ bytes }) => ({ ...NONE, tokensIn: Math.ceil(bytes / BYTES_PER_TOKEN) }),
  },
];

/** Files and batches have no model, and nobody knows what they cost. */
export const UNMETERED: MediaUsage = NONE;
