import { styleText } from 'node:util';
import Table from 'cli-table3';

type Format = Parameters<typeof styleText>[0];

/** What a terminal or a pipe is to the commands. */
export interface Screen {
  write(text: string): unknown;
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

  style(format: Format, text: string): string {
    return this.#colour ? styleText(format, text, { validateStream: false }) : text;
  }

  get width(): number {
    return this.screen.columns ?? 120;
  }

  /** A table without lines; numbers stand right where `right` names their column. */
  table(head: readonly string[], rows: readonly (readonly string[])[], right: readonly string[] = []): void {
    if (rows.length === 0) return;
    const table = new Table({
      head: head.map((title) => this.style('dim', title)),
      chars: NO_LINES,
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
      colAligns: head.map((title) => (right.includes(title) ? 'right' : 'left')),
    });
    table.push(...rows.map((row) => [...row]));
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
