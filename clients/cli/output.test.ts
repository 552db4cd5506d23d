import { expect, test } from 'vitest';
import { Output } from './output.ts';

const LONG = `${'word '.repeat(60)}\nend`;

function table(screen: { isTTY?: boolean; columns?: number }): string {
  let text = '';
  const out = new Output({ ...screen, write: (more) => (text += String(more)) }, { json: false, colour: true });
  out.table(['id', 'why'], [['1', LONG]], { elastic: ['why'] });
  return text;
}

test('a table fits its terminal, and is whole, each row a line, and without colours in a pipe', () => {
  const lines = (text: string) => text.trimEnd().split('\n');
  const wide = lines(table({ isTTY: true, columns: 80 }));
  expect(wide).toHaveLength(2);
  expect(wide[1]!.length).toBeLessThanOrEqual(80);
  expect(wide[1]).toMatch(/…$/);
  const piped = lines(table({}));
  expect(piped).toHaveLength(2);
  expect(piped[1]).toMatch(/^1 {3}(word ){60}end$/);
  expect(lines(table({ isTTY: true, columns: 0 }))[1]).toHaveLength(160 - 2);
});
