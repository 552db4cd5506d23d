import { expect, it } from 'vitest';
import { decodeTraceCursor, encodeTraceCursor } from './trace-cursor.ts';

it('comes back as it was', () => {
  const cursor = { ts: '2026-03-04T12:00:00.123Z', id: '01890f7e-0000-7000-8000-00000000abcd' };
  expect(decodeTraceCursor(encodeTraceCursor(cursor))).toEqual(cursor);
});

it.each(['', 'x', Buffer.from('[]').toString('base64url'), Buffer.from('["2026-03-04T12:00:00Z","no id"]').toString('base64url')])(
  'refuses %j',
  (text) => {
    expect(() => decodeTraceCursor(text)).toThrow(/cursor/);
  },
);
