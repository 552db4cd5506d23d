import { DatasetFileLine } from '../../contracts/datasets.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { type Line, LineReader } from '../../platform/line-reader.ts';

/** Named bad lines; the others are counted. */
const NAMED_LINES = 20;

interface BadLine {
  line: number;
  reason: string;
}

/** Checks JSONL while it streams by: every line must be a row of a dataset. Blank lines count for nothing. */
export class JsonlCheck {
  readonly #lines = new LineReader();
  #rows = 0;
  #bad: BadLine[] = [];
  #badCount = 0;

  add(chunk: Uint8Array): void {
    for (const line of this.#lines.add(chunk)) this.#take(line);
  }

  /** The number of rows; throws `dataset_invalid` that names the bad lines. */
  end(): number {
    for (const line of this.#lines.end()) this.#take(line);
    if (this.#badCount > 0) {
      const named = this.#bad.map(({ line, reason }) => `line ${line}: ${reason}`).join('; ');
      const more = this.#badCount - this.#bad.length;
      throw new StillhouseError('dataset_invalid', `${named}${more > 0 ? `; and ${more} more` : ''}`, {
        param: 'the body',
        data: { lines: this.#bad, badLines: this.#badCount },
      });
    }
    if (this.#rows === 0) throw new StillhouseError('dataset_invalid', 'The file has no rows.', { param: 'the body' });
    return this.#rows;
  }

  #take(line: Line): void {
    const found = line.fault === null ? checkRow(line.text) : { reason: line.fault };
    if (found === 'blank') return;
    if (found === 'row') {
      this.#rows++;
      return;
    }
    this.#badCount++;
    if (this.#bad.length < NAMED_LINES) this.#bad.push({ line: line.number, reason: found.reason });
  }
}

function checkRow(text: string): 'blank' | 'row' | { reason: string } {
  if (text === '') return 'blank';
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch {
    return { reason: 'is not JSON' };
  }
  const parsed = DatasetFileLine.safeParse(row);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return { reason: `${issue?.path.join('.') || 'the row'}: ${issue?.message}` };
  }
  if (parsed.data.answer === undefined && parsed.data.messages.at(-1)?.role !== 'assistant')
    return { reason: "answer: is missing, and the last message is not the assistant's" };
  return 'row';
}
