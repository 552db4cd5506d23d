import { stripVTControlCharacters, styleText } from 'node:util';
import Table from 'cli-table3';
import { clip } from './format.ts';

type Format = Parameters<typeof styleText>[0];

const GAP = 2;
const NARROWEST = 12;

/** What a terminal or a pipe is to the commands. */
export interface Screen {
  write(text: string | Uint8Array): unknown;
  isTTY?: boolean;
  columns?: number;
}

/** Prints for people, or JSON for programs: every command hands over both. */
export class Output {
  readonly json: boolean;
  readonly screen: Screen;
  /** Colours and redrawing: only on a terminal, and where NO_COLOR does not forbid it. */
  readonly live: boolean;
  readonly #colour: boolean;
  constructor(screen: Screen, options: { json: boolean; colour: boolean }) {
    this.screen = screen;
    this.json = options.json;
    this.live = screen.isTTY === true && !options.json;
    this.#colour = this.live && options.colour;
  }

  /** `value` as JSON with `--json`, else what `people` prints. */
  print(value: unknown, people: () => void): void {
    if (this.json) this.line(JSON.stringify(value, null, 2));
    else people();
  }

  line(text = ''): void {
    this.screen.write(`${text}\n`);
  }

  /** Stands in the place of what it showed before, and is gone with ''; nothing where nobody looks at a terminal. */
  progress(text: string): void {
    if (this.live) this.screen.write(`\r\u001B[K${clip(text, this.width - 1)}`);
  }

  style(format: Format, text: string): string {
    return this.#colour ? styleText(format, text, { validateStream: false }) : text;
  }

  get width(): number {
    // A terminal that does not know its width says 0. A pipe or a file has none: who reads it cuts for themselves.
    return this.screen.columns || (this.screen.isTTY ? 160 : Number.POSITIVE_INFINITY);
  }

  /** A table without lines. Columns in `right` stand right; those in `elastic` hold plain text and give way to fit the screen. */
  table(
    head: readonly string[],
    rows: readonly (readonly string[])[],
    shape: { right?: readonly string[]; elastic?: readonly string[] } = {},
  ): void {
    if (rows.length === 0) return;
    const table = new Table({
      head: head.map((title) => this.style('dim', title)),
      chars: NO_LINES,
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP },
      colAligns: head.map((title) => (shape.right?.includes(title) ? 'right' : 'left')),
    });
    table.push(...fitted(head, rows, shape.elastic ?? [], this.width));
    this.line(table.toString().replaceAll(/[ \t]+$/gm, ''));
  }

  /** Pairs, one a line. */
  facts(pairs: readonly (readonly [string, string])[]): void {
    const shown = pairs.filter(([, value]) => value !== '');
    const width = Math.max(...shown.map(([name]) => name.length));
    for (const [name, value] of shown) this.line(`${this.style('dim', name.padEnd(width))}  ${value}`);
  }
}

const NO_LINES = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
    'middle',
  ].map((name) => [name, '']),
);

/** The rows with the elastic columns clipped to share what the others leave; a narrow one leaves its rest to the wide. */
function fitted(head: readonly string[], rows: readonly (readonly string[])[], elastic: readonly string[], width: number): string[][] {
  const natural = head.map(
    (title, column) => Math.max(title.length, ...rows.map((row) => stripVTControlCharacters(row[column]!).length)) + GAP,
  );
  const columns = elastic.map((title) => head.indexOf(title)).sort((a, b) => natural[a]! - natural[b]!);
  let left = width - natural.reduce((sum, wide, column) => (columns.includes(column) ? sum : sum + wide), 0);
  const given = new Map<number, number>();
  columns.forEach((column, i) => {
    const share = Math.min(natural[column]!, Math.max(NARROWEST + GAP, Math.floor(left / (columns.length - i))));
    given.set(column, share - GAP);
    left -= share;
  });
  return rows.map((row) => row.map((cell, column) => (given.has(column) ? clip(cell, given.get(column)!) : cell)));
}
