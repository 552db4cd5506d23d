import { z } from 'zod';
import { Message } from './chat.ts';
import { ROW_VERDICTS, type RowVerdict } from './dataset-judging.ts';

/** Languages that can be told apart, as ISO 639-1. */
export const LANGUAGES = [
  'am',
  'ar',
  'az',
  'be',
  'bg',
  'bn',
  'ca',
  'cs',
  'da',
  'de',
  'el',
  'en',
  'es',
  'et',
  'eu',
  'fa',
  'fi',
  'fr',
  'gu',
  'he',
  'hi',
  'hr',
  'hu',
  'hy',
  'is',
  'it',
  'ja',
  'ka',
  'kn',
  'ko',
  'ku',
  'lo',
  'lt',
  'lv',
  'ml',
  'mr',
  'ms',
  'nl',
  'no',
  'or',
  'pa',
  'pl',
  'pt',
  'ro',
  'ru',
  'sk',
  'sl',
  'sq',
  'sr',
  'sv',
  'ta',
  'te',
  'th',
  'tl',
  'tr',
  'uk',
  'ur',
  'vi',
  'yo',
  'zh',
] as const;

/** What a build leaves out besides what can't be learned from. What is left out is kept with its reason. */
export const RowFilters = z.strictObject({
  /** ISO 639-1 codes; a row whose last user message is surely in another language stays out. */
  languages: z.array(z.enum(LANGUAGES)).min(1).max(60).optional(),
  /** Characters of the last user message at most. */
  maxPromptCharacters: z.number().int().positive().optional(),
  minAnswerCharacters: z.number().int().positive().optional(),
  maxAnswerCharacters: z.number().int().positive().optional(),
  /** Of rows with the same last user message and answer, white space and case aside, the first one stays. */
  dropDuplicates: z.boolean().optional(),
  /** Leaves out what a judge's newest verdict drops; not of the test rows, which are to stay what the traffic is. */
  dropJudged: z.boolean().optional(),
});
export type RowFilters = z.infer<typeof RowFilters>;

/** Body of `POST /api/datasets/{name}/curate`. */
export const CurateRequest = z.strictObject({
  /** Default: those of the version that it starts from. */
  filters: RowFilters.optional(),
});
export type CurateRequest = z.infer<typeof CurateRequest>;

const RowId = z.string().min(1).max(128);
const Tag = z.string().trim().min(1).max(64);

/** What a person says of some rows. */
export const RowEdit = z
  .strictObject({
    rowIds: z.array(RowId).min(1).max(5_000),
    /** `keep` brings back what a filter or a judge leaves out; null: nothing is said any more. */
    verdict: z.enum(ROW_VERDICTS).nullable().optional(),
    /** The right answer, or label; null: the source's own again. */
    answer: z.string().trim().min(1).max(1_000_000).nullable().optional(),
    /** All tags that the rows are to have. */
    tags: z.array(Tag).max(32).optional(),
    /** Why. */
    note: z.string().max(2_000).default(''),
  })
  .refine(
    ({ verdict, answer, tags }) => verdict !== undefined || answer !== undefined || tags !== undefined,
    'nothing to change is named: state verdict, answer or tags',
  );
export type RowEdit = z.infer<typeof RowEdit>;

/** Body of `PATCH /api/datasets/{name}/rows`. */
export const RowEdits = z.strictObject({ edits: z.array(RowEdit).min(1).max(1_000) });
export type RowEdits = z.infer<typeof RowEdits>;

export const EDITED_FIELDS = ['verdict', 'answer', 'tags'] as const;

/** One change of one field of one row, as it stays on record. */
export const RecordedEdit = z.object({
  rowId: z.string(),
  at: z.iso.datetime(),
  /** Id of the key. */
  actor: z.string(),
  field: z.enum(EDITED_FIELDS),
  before: z.union([z.string(), z.array(z.string()), z.null()]),
  after: z.union([z.string(), z.array(z.string()), z.null()]),
  note: z.string(),
});
export type RecordedEdit = z.infer<typeof RecordedEdit>;

/** What people have said of a row, as it stands. */
export interface RowCuration {
  verdict: RowVerdict | null;
  /** Why that verdict. */
  reason: string;
  /** null: the source's own. */
  answer: string | null;
  tags: string[];
}

/** A row that a build has left out. */
export const LeftOutRow = z.object({
  rowId: z.string(),
  reason: z.string(),
  /** `line 12` or `trace 0198…`. */
  place: z.string(),
  messages: z.array(Message),
  reference: z.string(),
  traceId: z.string(),
});
export type LeftOutRow = z.infer<typeof LeftOutRow>;
