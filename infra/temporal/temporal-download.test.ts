import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { TEMPORAL_CLI_VERSION } from './release.ts';
import { downloadTemporal } from './temporal-download.ts';

const folder = mkdtempSync(join(tmpdir(), 'stillhouse-download-'));
const name = `temporal_cli_${TEMPORAL_CLI_VERSION}_${process.platform}_${process.arch === 'arm64' ? 'arm64' : 'amd64'}.tar.gz`;
writeFileSync(join(folder, 'temporal'), 'a program');
execFileSync('tar', ['-czf', join(folder, name), '-C', folder, 'temporal']);
const archive = readFileSync(join(folder, name));
const checksum = createHash('sha256').update(archive).digest('hex');

let server: Server | undefined;
afterEach(() => void server?.close());

/** A place of releases that answers with these files. */
async function serve(files: Record<string, string | Buffer>): Promise<string> {
  server = createServer((request, response) => {
    const file = files[request.url!.slice(1)];
    if (file === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-length': Buffer.byteLength(file) }).end(file);
  });
  await new Promise<void>((done) => server!.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function download(releases: string) {
  const into = mkdtempSync(join(tmpdir(), 'stillhouse-download-'));
  const said: string[] = [];
  const context = { cacheFolder: into, say: (text: string) => void said.push(text), progress: () => undefined };
  return { refused: await downloadTemporal(into, context, releases), said, into };
}

test('the release is fetched, checked and unpacked, its size said first', async () => {
  const { refused, said, into } = await download(await serve({ 'checksums.txt': `${checksum}  ${name}\n`, [name]: archive }));
  expect(refused).toBeNull();
  expect(said).toEqual([`downloads 0 MB (Temporal CLI ${TEMPORAL_CLI_VERSION})`]);
  expect(readFileSync(join(into, 'temporal'), 'utf8')).toBe('a program');
});

test('a file that is not what the release says is refused', async () => {
  const { refused } = await download(await serve({ 'checksums.txt': `${'0'.repeat(64)}  ${name}\n`, [name]: archive }));
  expect(refused).toContain(`${name} has SHA-256 ${checksum}`);
});

test('no way out is a reason, not an error', async () => {
  const releases = await serve({});
  expect((await download(releases)).refused).toBe('checksums.txt: HTTP 404');
  await new Promise((done) => server!.close(done));
  expect((await download(releases)).refused).toBe('ECONNREFUSED');
});
