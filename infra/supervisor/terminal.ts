import type { Part } from '../../contracts/names.ts';
import type { Reporter } from './reporter.ts';

/** Where the terminal's lines go. */
export interface Screen {
  write(text: string): void;
  /** Whether a line can be written over, and colours are seen. */
  interactive: boolean;
  columns: number;
}

const NAME_WIDTH = 16;
/** Without a line to write over, progress is said so seldom. */
const PROGRESS_EVERY_MS = 15_000;
const CODES = { green: 32, yellow: 33, dim: 2 } as const;

/** One line a part and a milestone; what is under way stands on one line below that is written over. */
export function createTerminal(
  screen: Screen,
  now: () => number = () => performance.now(),
): Reporter & { line(text: string): void; end(): void } {
  const current = new Map<string, string>();
  const lastSaid = new Map<string, number>();
  let shown = '';
  const paint = (colour: keyof typeof CODES, text: string) =>
    screen.interactive && text ? `\u001B[${CODES[colour]}m${text}\u001B[0m` : text;
  const clear = () => {
    if (shown) screen.write('\r\u001B[2K');
    shown = '';
  };
  const draw = () => {
    if (!screen.interactive) return;
    clear();
    const text = [...current].map(([name, progress]) => `${name}: ${progress}`).join('   ');
    shown = text && `  … ${text}`.slice(0, Math.max(20, screen.columns - 1));
    if (shown) screen.write(paint('dim', shown));
  };
  const line = (text: string) => {
    clear();
    screen.write(`${text}\n`);
    draw();
  };
  const row = (sign: string, name: string, text: string) => line(`  ${sign} ${name.padEnd(NAME_WIDTH)} ${text}`);
  return {
    line,
    end: clear,
    say: (name, text) => row(paint('yellow', '·'), name, text),
    progress(name, text) {
      current.set(name, text);
      if (screen.interactive) return draw();
      if (now() - (lastSaid.get(name) ?? 0) < PROGRESS_EVERY_MS) return;
      lastSaid.set(name, now());
      row('…', name, text);
    },
    prepared(name, seconds, result) {
      current.delete(name);
      row(paint('green', '✓'), name, `${elapsed(seconds)}  ${paint('dim', result)}`);
    },
    ready(part: Part, seconds) {
      const again = part.restarts > 0 ? `  again, restart ${part.restarts}` : '';
      row(paint('green', '✓'), part.name, `${elapsed(seconds)}  ${part.address ?? 'ready'}${paint('dim', again)}`);
    },
    down(part: Part, why, againInMs) {
      row(paint('yellow', '✗'), part.name, `${why}, starts again in ${(againInMs / 1000).toFixed(1)} s (logs/${part.name}.log)`);
    },
  };
}

function elapsed(seconds: number): string {
  return `${seconds.toFixed(1)} s`.padStart(8);
}
