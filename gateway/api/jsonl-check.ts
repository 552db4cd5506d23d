import { DatasetFileLine } from '../../contracts/datasets.ts';
import { StillhouseError } from '../../contracts/errors.ts';

/** A longer line is no row of a chat. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
/** Named bad lines; the others are counted. */
const NAMED_LINES = 20;

interface BadLine {
  line: number;
  reason: string;
}

/** Checks JSONL while it streams by: every line must be a row of a dataset. Blank lines count for nothing. */
export class JsonlCheck {
  #rest: Uint8Array[] = [];
  #restBytes = 0;
  #line = 0;
  #rows = 0;
  #bad: BadLine[] = [];
  #badCount = 0;

  add(chunk: Uint8Array): void {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      this.#gather(chunk.subarray(start, end));
      this.#finishLine();
      start = end + 1;
    }
    if (start < chunk.length) this.#gather(chunk.subarray(start));
  }

  /** The number of rows; throws `dataset_invalid` that names the bad lines. */
  end(): number {
    if (this.#rest.length > 0) this.#finishLine();
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

  #gather(part: Uint8Array): void {
    if (this.#restBytes <= MAX_LINE_BYTES) this.#rest.push(part);
    this.#restBytes += part.length;
  }

  #finishLine(): void {
    this.#line++;
    const tooLong = this.#restBytes > MAX_LINE_BYTES;
    const bytes = Buffer.concat(this.#rest);
    this.#rest = [];
    this.#restBytes = 0;
    const found = tooLong ? { reason: `is longer than ${MAX_LINE_BYTES} bytes` } : checkLine(bytes);
    if (found === 'blank') return;
    if (found === 'row') {
      this.#rows++;
      return;
    }
    this.#badCount++;
    if (this.#bad.length < NAMED_LINES) this.#bad.push({ line: this.#line, reason: found.reason });
  }
}

function checkLine(bytes: Buffer): 'blank' | 'row' | { reason: string } {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).trim();
  } catch {
    return { reason: 'is not UTF-8' };
  }
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
