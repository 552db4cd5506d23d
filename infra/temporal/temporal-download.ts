import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Agent, fetch } from 'undici';
import type { PreparationContext } from '../preparations/preparation.ts';
import { runCommand } from '../processes/run-command.ts';
import { TEMPORAL_CLI_VERSION } from './release.ts';

const CONNECT_TIMEOUT_MS = 3_000;
const RELEASES = `https://github.com/temporalio/cli/releases/download/v${TEMPORAL_CLI_VERSION}`;
const ARCHITECTURES: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };

/**
 * Downloads the official release into `folder`, checked against the release's own list of checksums. Null on success,
 * else why it can't be had: a machine without a way out must find out within seconds, and build instead.
 */
export async function downloadTemporal(folder: string, context: PreparationContext, releases = RELEASES): Promise<string | null> {
  const architecture = ARCHITECTURES[process.arch];
  if (!architecture || !['linux', 'darwin'].includes(process.platform))
    return `there is no release for ${process.platform} ${process.arch}`;
  const name = `temporal_cli_${TEMPORAL_CLI_VERSION}_${process.platform}_${architecture}.tar.gz`;
  const archive = join(folder, name);
  const dispatcher = new Agent({ connect: { timeout: CONNECT_TIMEOUT_MS }, headersTimeout: 10_000, bodyTimeout: 30_000 });
  try {
    const get = async (file: string) => {
      const response = await fetch(`${releases}/${file}`, { dispatcher, ...(context.signal && { signal: context.signal }) });
      if (!response.ok) throw new Error(`${file}: HTTP ${response.status}`);
      return response;
    };
    const expected = checksumOf(await (await get('checksums.txt')).text(), name);
    const response = await get(name);
    const bytes = Number(response.headers.get('content-length') ?? 0);
    context.say(`downloads ${bytes > 0 ? `${Math.round(bytes / 1e6)} MB` : 'about 50 MB'} (Temporal CLI ${TEMPORAL_CLI_VERSION})`);
    const actual = await save(Readable.fromWeb(response.body!), archive, (done) => {
      context.progress(bytes > 0 ? `${Math.floor((100 * done) / bytes)} %` : `${Math.floor(done / 1e6)} MB`);
    });
    if (actual !== expected) throw new Error(`${name} has SHA-256 ${actual}, the release says ${expected}`);
    const { code, tail } = await runCommand('tar', ['-xzf', archive, '-C', folder, 'temporal']);
    if (code !== 0) throw new Error(tail.at(-1) ?? 'tar failed');
    return null;
  } catch (error) {
    context.signal?.throwIfAborted();
    return reasonOf(error as Error);
  } finally {
    await rm(archive, { force: true });
    await dispatcher.destroy();
  }
}

function checksumOf(list: string, name: string): string {
  const line = list.split('\n').find((one) => one.trim().endsWith(name));
  const checksum = line && /\b[0-9a-f]{64}\b/.exec(line)?.[0];
  if (!checksum) throw new Error(`checksums.txt does not know ${name}`);
  return checksum;
}

async function save(body: Readable, path: string, onProgress: (bytes: number) => void): Promise<string> {
  const hash = createHash('sha256');
  let done = 0;
  const watch = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      hash.update(chunk);
      done += chunk.length;
      onProgress(done);
      next(null, chunk);
    },
  });
  await pipeline(body, watch, createWriteStream(path));
  return hash.digest('hex');
}

function reasonOf(error: Error): string {
  const cause = error.cause as { code?: string } | undefined;
  if (cause?.code === 'ENOTFOUND' || cause?.code === 'EAI_AGAIN') return 'github.com is not known here';
  return cause?.code ?? error.message;
}
