import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exceptionMarks } from './exception-marks.ts';

const TAG = '0123456789abcdef';
const read = async (chunks: Buffer[], tag: string | null = TAG) => {
  const given: Buffer[] = [];
  for await (const bytes of exceptionMarks(
    (async function* () {
      yield* chunks;
    })(),
    tag,
  ))
    given.push(bytes);
  return Buffer.concat(given);
};
const cut = (bytes: Buffer, places: number[]) => {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, index) => bytes.subarray(from, at[index] ?? bytes.length));
};
const places = fc.array(fc.nat(2000), { maxLength: 20 });

test('bytes come through as they are, however they are cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), places, async (bytes, at) => {
      const whole = Buffer.concat([Buffer.from(bytes), Buffer.from('\r\n__exception__\r\nno tag of ours')]);
      expect(await read(cut(whole, at))).toEqual(whole);
    }),
  );
});

test('a failure in the middle throws, however it is cut', async () => {
  const body = 'Code: 241. DB::Exception: Memory limit exceeded: would use 3 GiB. (MEMORY_LIMIT_EXCEEDED)\n';
  const whole = Buffer.from(`{"a":1}\n\r\n__exception__\r\n${TAG}\r\n${body}${body.length} ${TAG}\r\n__exception__\r\n`);
  await fc.assert(
    fc.asyncProperty(places, async (at) => {
      await expect(read(cut(whole, at))).rejects.toMatchObject({ type: 'MEMORY_LIMIT_EXCEEDED', code: '241' });
    }),
  );
});
