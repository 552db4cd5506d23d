import { expect, test } from 'vitest';
import { createTerminal } from './terminal.ts';

function play(interactive: boolean) {
  const written: string[] = [];
  let now = 100_000;
  const terminal = createTerminal({ write: (text) => void written.push(text), interactive, columns: 60 }, () => now);
  terminal.progress('temporal-server', '3 packages compiled');
  now += 1_000;
  terminal.progress('temporal-server', '9 packages compiled');
  terminal.ready({ name: 'gateway', pid: 7, address: 'http://127.0.0.1:8080', restarts: 0 }, 1.234);
  now += 15_000;
  terminal.progress('temporal-server', '40 packages compiled');
  terminal.prepared('temporal-server', 400, 'from the build');
  terminal.down({ name: 'worker', pid: null, address: null, restarts: 2 }, 'ended by SIGKILL', 400);
  terminal.end();
  return written.join('');
}

test('without a terminal: aligned lines, no escape codes, progress now and then', () => {
  expect(play(false).split('\n')).toEqual([
    '  … temporal-server  3 packages compiled',
    '  ✓ gateway             1.2 s  http://127.0.0.1:8080',
    '  … temporal-server  40 packages compiled',
    '  ✓ temporal-server   400.0 s  from the build',
    '  ✗ worker           ended by SIGKILL, starts again in 0.4 s (logs/worker.log)',
    '',
  ]);
});

test('in a terminal: what is under way stands on one line that is written over and cleared at the end', () => {
  const text = play(true);
  expect(text).toContain('… temporal-server: 9 packages compiled');
  // Every drawn line is cleared before anything else is written.
  const lines = text.split('\r\u001B[2K');
  expect(lines.filter((line) => /…[^\n]*\n/.test(line))).toEqual([]);
  expect(lines.at(-1)).toContain('worker');
});
