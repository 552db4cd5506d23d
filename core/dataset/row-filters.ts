import { lastUserText } from '../../contracts/chat.ts';
import type { RowFilters } from '../../contracts/dataset-curation.ts';
import type { RowVerdict } from '../../contracts/dataset-judging.ts';
import type { DatasetRow } from '../../contracts/datasets.ts';
import type { LanguageDetector } from './language.ts';
import { groupOf } from './split.ts';

/** Why a row is left out by somebody's word. */
export const DROPPED = { person: 'dropped by a person', judge: 'dropped by a judge' } as const;

/** What was said of a row, as it counts for a build. */
export interface RowWord {
  person: RowVerdict | null;
  judge: RowVerdict | null;
}

type FilteredRow = Pick<DatasetRow, 'messages' | 'group' | 'split' | 'reference'>;

/** Decides which rows of a source stay out, though something could be learned from them. Rows come in the source's order. */
export class RowFilter {
  readonly #filters: RowFilters;
  readonly #languageOf: LanguageDetector;
  readonly #seen = new Set<string>();

  /** `languageOf` is asked only where the filters name languages. */
  constructor(filters: RowFilters, languageOf: LanguageDetector) {
    this.#filters = filters;
    this.#languageOf = languageOf;
  }

  /** Why the row stays out; null: it does not. A person's word wins over every filter and every judge. */
  reason(row: FilteredRow, said: RowWord): string | null {
    if (said.person === 'drop') return DROPPED.person;
    const reason = said.person === 'keep' ? null : this.#own(row, said.judge);
    if (reason !== null || !this.#filters.dropDuplicates) return reason;
    const copy = `${row.group} ${groupOf(row.reference)}`;
    if (said.person === null && this.#seen.has(copy)) return 'duplicate';
    this.#seen.add(copy);
    return null;
  }

  #own(row: FilteredRow, judge: RowVerdict | null): string | null {
    const { languages, maxPromptCharacters, minAnswerCharacters, maxAnswerCharacters, dropJudged } = this.#filters;
    const prompt = lastUserText(row.messages);
    const answer = row.reference.trim();
    if (maxPromptCharacters !== undefined && prompt.length > maxPromptCharacters) return 'prompt too long';
    if (minAnswerCharacters !== undefined && answer.length < minAnswerCharacters) return 'answer too short';
    if (maxAnswerCharacters !== undefined && answer.length > maxAnswerCharacters) return 'answer too long';
    const language = languages === undefined ? null : this.#languageOf(prompt);
    if (language !== null && !languages!.some((allowed) => allowed === language)) return `language ${language}`;
    return dropJudged && judge === 'drop' && row.split !== 'test' ? DROPPED.judge : null;
  }
}
