import { array, assert, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { RecordBytes } from './record-bytes.ts';

const HEAD = '{"segment_id":"s",';

test('its bytes are those of the lines as text, however long, and after each other', () => {
  const bytes = new RecordBytes();
  const texts = array(string({ unit: 'binary' }), { maxLength: 20 });
  assert(
    property(texts, (all) => {
      bytes.clear();
      let text = '';
      for (const value of [...all, '🙂'.repeat(all.length * 30_000)]) {
        const line = JSON.stringify({ value });
        bytes.addLine(line);
        bytes.addLineWith(Buffer.from(HEAD), line);
        text += `${line}\n${HEAD}${line.slice(1)}\n`;
      }
      expect(bytes.bytes().equals(Buffer.from(text))).toBe(true);
    }),
    { numRuns: 40 },
  );
});
