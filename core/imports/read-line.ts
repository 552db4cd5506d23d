import type { ImportFormat } from '../../contracts/imports.ts';
import { parseWritable } from '../json-nesting.ts';
import { heliconeLog } from './helicone.ts';
import { type ImportedCall, LineFault, type LogReader, type Loose } from './imported-call.ts';
import { langfuseLog } from './langfuse.ts';
import { litellmLog } from './litellm.ts';
import { openaiLog } from './openai.ts';
import { opentracyLog } from './opentracy.ts';
import { stillhouseLog } from './stillhouse.ts';

type Named = Exclude<ImportFormat, 'auto'>;

/** Those whose lines are easily told come first; a line with `messages` may be of several. */
const READERS: Record<Named, (nowMs: number) => LogReader> = {
  stillhouse: stillhouseLog,
  opentracy: opentracyLog,
  helicone: heliconeLog,
  litellm: litellmLog,
  langfuse: langfuseLog,
  openai: openaiLog,
};

/** Reads lines of a log; with `auto` each is of the format that it looks like. */
export class LogLines {
  readonly #readers: readonly (readonly [Named, LogReader])[];
  readonly #named: LogReader | null;

  /** `nowMs`: what is later is no time of a call. */
  constructor(format: ImportFormat, nowMs: number) {
    this.#readers = Object.entries(READERS).map(([name, reader]) => [name as Named, reader(nowMs)] as const);
    this.#named = format === 'auto' ? null : READERS[format](nowMs);
  }

  /** The call of a line; null where it tells of none. Throws `LineFault` with the reason. */
  read(text: string): ImportedCall | null {
    let line: unknown;
    try {
      line = parseWritable(text);
    } catch (error) {
      throw new LineFault(`is not JSON: ${(error as Error).message.slice(0, 100)}`);
    }
    if (typeof line !== 'object' || line === null || Array.isArray(line)) throw new LineFault('is no JSON object');
    const reader = this.#named ?? this.#readers.find(([, one]) => one.knows(line as Loose))?.[1];
    if (!reader) throw new LineFault(`is of no format that is known (fields: ${Object.keys(line).slice(0, 8).join(', ') || 'none'})`);
    return reader.read(line as Loose);
  }
}
