import { PassThrough, Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { readSecret } from './read-secret.ts';

const piped = (text: string) => Readable.from([Buffer.from(text)]) as unknown as NodeJS.ReadStream;

/** A terminal as far as readline asks. */
function terminal() {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => input }) as unknown as NodeJS.ReadStream & PassThrough;
  const output = new PassThrough();
  return { input, output };
}

test('what is piped in is the key, without the end of its line', async () => {
  const { output } = terminal();
  expect(await readSecret('Key: ', piped('gsk-1\n'), output)).toBe('gsk-1');
  await expect(readSecret('Key: ', piped(' \n'), output)).rejects.toThrow('Nothing came');
  expect(output.read()).toBeNull();
});

test('what is typed is not shown, and Ctrl-C changes nothing', async () => {
  const { input, output } = terminal();
  const secret = readSecret('Key: ', input, output);
  input.write('gsk-2');
  input.write('\r');
  expect(await secret).toBe('gsk-2');
  expect(String(output.read())).toBe('Key: \n');
  const broken = readSecret('Key: ', input, output);
  input.write('gsk\u0003');
  await expect(broken).rejects.toThrow('Nothing is changed');
});
