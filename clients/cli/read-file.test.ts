import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Stillhouse } from '../sdk/index.ts';
import { fileAt } from './read-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'stillhouse-read-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Of zeros that take no room on the disk. */
function sparse(bytes: number): string {
  const path = join(folder, String(bytes));
  writeFileSync(path, '');
  truncateSync(path, bytes);
  return path;
}

test('a file of more than 4 GiB is all of it', async () => {
  const size = 4 * 1024 ** 3 + 5;
  let [read, told] = [0, 0];
  for await (const chunk of fileAt(sparse(size), 'the log', (sent) => (told = sent)) as ReadableStream<Uint8Array>) read += chunk.length;
  expect([read, told]).toEqual([size, size]);
});

test('what is sent of a file is not kept', async () => {
  const size = 512 * 1024 * 1024;
  let most = 0;
  const server = createServer((request, response) => {
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      most = Math.max(most, process.memoryUsage().arrayBuffers);
    });
    request.on('end', () => response.end(JSON.stringify({ name: String(bytes) })));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const client = new Stillhouse({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, apiKey: 'k' });
  const { name } = await client.traces.import(fileAt(sparse(size), 'the log'));
  server.close();
  expect(name).toBe(String(size));
  expect(most).toBeLessThan(size / 2);
});

test.each([folder, join(folder, 'nothing')])('%s is refused with a sentence', (path) => {
  expect(() => fileAt(path, 'the log')).toThrow(/^the log: .* can't be read/);
});
