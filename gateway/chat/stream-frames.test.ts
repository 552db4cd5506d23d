import fc from 'fast-check';
import { expect, test } from 'vitest';
import { framesOf, FrameSplitter } from './stream-frames.ts';

test('however the bytes are cut, the same frames come out', () => {
  const frame = fc.tuple(
    fc.constantFrom('data: {"a":1}', 'data:x', ': ping', 'event: e\ndata: 1\ndata: 2', 'data: zwölf'),
    fc.constantFrom('\n\n', '\r\n\r\n'),
  );
  fc.assert(
    fc.property(fc.array(frame, { minLength: 1 }), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (parts, sizes) => {
      const text = parts.map(([line, end]) => (end === '\n\n' ? line : line.replaceAll('\n', '\r\n')) + end).join('');
      const bytes = Buffer.from(text);
      const splitter = new FrameSplitter();
      let out = '';
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = sizes[turn % sizes.length]!;
        const whole = splitter.push(bytes.subarray(at, at + size));
        if (whole)
          out += framesOf(whole.toString())
            .map((one) => one.text)
            .join('');
        at += size;
      }
      expect(out).toBe(text);
      expect(splitter.rest()?.length ?? 0).toBe(0);
    }),
  );
});

/** The events' data as the specification reads it. */
function dataBySpecification(text: string): string[] {
  const events: string[] = [];
  let data: string[] = [];
  for (const line of text.split(/\r\n|\r|\n/)) {
    if (line === '') {
      if (data.length > 0) events.push(data.join('\n'));
      data = [];
    } else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
  }
  return events;
}

test('lines end with LF, CR LF or CR, one like the other, and cut anywhere', () => {
  const end = fc.constantFrom('\n', '\r\n', '\r');
  const line = fc.constantFrom('data: {"a":1}', 'data:x', ': ping', 'event: e', 'data: zwölf', '');
  const alike = fc.tuple(fc.array(line), end).map(([lines, one]) => [...lines, '', ''].map((text) => text + one).join(''));
  const mixed = fc.array(fc.tuple(line, end)).map((lines) => `${lines.flat().join('')}\n\n`);
  fc.assert(
    fc.property(fc.oneof(alike, mixed), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (text, sizes) => {
      const bytes = Buffer.from(text);
      const splitter = new FrameSplitter();
      const wholes: (Buffer | null)[] = [];
      for (let at = 0, turn = 0; at < bytes.length; at += sizes[turn++ % sizes.length]!)
        wholes.push(splitter.push(bytes.subarray(at, at + sizes[turn % sizes.length]!)));
      const out = wholes.map((whole) => whole?.toString() ?? '');
      const frames = out.flatMap((whole) => framesOf(whole));
      expect(frames.map(({ data }) => data).filter((data) => data !== '')).toEqual(dataBySpecification(text));
      // All goes on as it came, but for ends of lines that nothing follows.
      expect(text.startsWith(out.join(''))).toBe(true);
      expect(text.slice(out.join('').length).trim()).toBe('');
      expect(splitter.rest()).toBeNull();
    }),
    { numRuns: 2000 },
  );
});

test('an event that ends with CR alone does not wait for the next one', () => {
  const splitter = new FrameSplitter();
  expect(splitter.push(Buffer.from('data: 1\r'))).toBeNull();
  expect(splitter.push(Buffer.from('\r'))?.toString()).toBe('data: 1\r\r');
  expect(splitter.push(Buffer.from('event: e\rdata: 2\r\rdata: 3\r'))?.toString()).toBe('event: e\rdata: 2\r\r');
  expect(splitter.push(Buffer.from('\rdata: 4\r\n\r'))?.toString()).toBe('data: 3\r\r');
  // Its LF may be on its way; here it is not.
  expect(splitter.push(Buffer.from('data: 5'))?.toString()).toBe('data: 4\r\n\r');
  expect(framesOf('event: e\rdata: 2\r\r')).toMatchObject([{ event: 'e', data: '2' }]);
});

test('a byte order mark before the first event is no part of it', () => {
  expect(framesOf('\uFEFFdata: 1\n\ndata: 2\n\n').map(({ data }) => data)).toEqual(['1', '2']);
  expect(framesOf('\uFEFFevent: e\r\ndata: 1\r\n\r\n')).toMatchObject([{ event: 'e', data: '1' }]);
});

test('data lines are joined; comments have none; the end is known', () => {
  expect(framesOf('event: e\ndata: 1\ndata: 2\n\n: c\n\ndata: [DONE]\n\n').map(({ data, isDone }) => [data, isDone])).toEqual([
    ['1\n2', false],
    ['', false],
    ['[DONE]', true],
  ]);
});

test('a frame that does not end is refused, and what came before it is looked at once', () => {
  const piece = Buffer.alloc(100, 'x');
  const splitter = new FrameSplitter(1000);
  for (let sent = 0; sent < 10; sent++) expect(splitter.push(piece)).toBeNull();
  expect(() => splitter.push(piece)).toThrow(expect.objectContaining({ code: 'upstream_invalid' }));
  // 16 MB in pieces of 64 bytes: with a copy of all for each piece these would be 2 TB.
  const small = Buffer.alloc(64, 'y');
  const patient = new FrameSplitter();
  for (let sent = 0; sent < 16 * 1024 * 1024; sent += small.length) patient.push(small);
  expect(() => patient.push(small)).toThrow(expect.objectContaining({ code: 'upstream_invalid' }));
});

test('a last frame needs no empty line, if it is whole', () => {
  const after = (text: string) => {
    const splitter = new FrameSplitter();
    splitter.push(Buffer.from(text));
    return [splitter.last()?.toString() ?? null, splitter.rest()?.toString() ?? null];
  };
  expect(after('data: {"a":1}\n\n')).toEqual([null, null]);
  expect(after('data: {"a":1}\n\ndata: [DONE]')).toEqual(['data: [DONE]\n\n', null]);
  expect(after('event: x\ndata: {"a":1}\n')).toEqual(['event: x\ndata: {"a":1}\n\n\n', null]);
  expect(after('data: {"a":')).toEqual([null, 'data: {"a":']);
  expect(after('data: [DON')).toEqual([null, 'data: [DON']);
});
