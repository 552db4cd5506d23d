import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ArtifactStore, openArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { type S3Server, startS3Server } from './s3-server.ts';

/** A store under test, and a way to spoil what lies under a key. */
interface Case {
  store: ArtifactStore;
  again: () => ArtifactStore;
  spoil: (key: string, bytes: Buffer) => void;
  stop: () => Promise<void>;
}

const KINDS: { name: string; start: (work: string) => Promise<Case> }[] = [
  {
    name: 'folder',
    start: async (work) => {
      const url = pathToFileURL(join(work, 'artifacts')).href;
      return {
        store: openArtifactStore(url),
        again: () => openArtifactStore(url),
        spoil: (key, bytes) => writeFileSync(join(work, 'artifacts', key), bytes),
        stop: async () => {},
      };
    },
  },
  {
    name: 'S3',
    start: async () => {
      const server: S3Server = await startS3Server();
      const url = `s3://bucket/some/prefix?endpoint=${encodeURIComponent(server.url)}&region=us-east-1&pathStyle=1`;
      return {
        store: openArtifactStore(url),
        again: () => openArtifactStore(url),
        spoil: (key, bytes) => void server.objects.set(`/bucket/some/prefix/${key}`, { bytes, sha256: undefined }),
        stop: () => server.stop(),
      };
    },
  },
];

// One contract over both.
describe.each(KINDS)('artifacts in $name', ({ start }) => {
  let work: string;
  let on: Case;
  beforeEach(async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
    work = mkdtempSync(join(tmpdir(), 'stillhouse-artifacts-'));
    on = await start(work);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await on.stop();
    rmSync(work, { recursive: true, force: true });
  });
  const bytes = Buffer.from('some\0 bytes');

  it('gives back what was put', async () => {
    const ref = await on.store.put('models/a.bin', bytes);
    expect(ref).toEqual({ key: 'models/a.bin', bytes: 11, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(await on.again().get(ref)).toEqual(bytes);
    expect(await on.store.find('models/a.bin')).toEqual(ref);
    expect(await on.store.has('models/a.bin')).toBe(true);
    expect(await on.store.has('models/b.bin')).toBe(false);
    expect(await on.store.find('models/b.bin')).toBeNull();
  });

  it('takes files, empty ones too, and gives out checked copies', async () => {
    writeFileSync(join(work, 'file'), Buffer.alloc(300_000, 7));
    writeFileSync(join(work, 'empty'), '');
    const ref = await on.store.putFile('big.onnx', join(work, 'file'));
    const empty = await on.store.putFile('empty', join(work, 'empty'));
    expect(Buffer.concat(await Array.fromAsync(await on.store.open(ref)))).toEqual(await on.store.get(ref));
    const path = await on.store.getFile(ref, join(work, 'cache'));
    expect(path).toBe(join(work, 'cache', `${ref.sha256}.onnx`));
    expect(readFileSync(path)).toEqual(readFileSync(join(work, 'file')));
    expect((await on.store.get(empty)).length).toBe(0);
    // The copy is enough from now on.
    await on.store.delete('big.onnx');
    expect(await on.store.getFile(ref, join(work, 'cache'))).toBe(path);
    expect(readdirSync(join(work, 'cache'))).toHaveLength(1);
  });

  it('writes once: the same again is success, another content is refused', async () => {
    const refs = await Promise.all([on.store.put('k', bytes), on.again().put('k', bytes), on.store.put('k', bytes)]);
    expect(new Set(refs.map((ref) => ref.sha256)).size).toBe(1);
    await expect(on.store.put('k', Buffer.from('other'))).rejects.toMatchObject({ code: 'conflict' });
    writeFileSync(join(work, 'other'), 'other');
    await expect(on.store.putFile('k', join(work, 'other'))).rejects.toMatchObject({ code: 'conflict' });
    expect(await on.store.get(refs[0]!)).toEqual(bytes);
  });

  it('says what is missing and what is spoilt', async () => {
    const ref = await on.store.put('k', bytes);
    on.spoil('k', Buffer.from('some\0 bytez'));
    await expect(on.store.get(ref)).rejects.toMatchObject({ code: 'artifact_corrupt' });
    await expect(on.store.getFile(ref, join(work, 'cache'))).rejects.toMatchObject({ code: 'artifact_corrupt' });
    expect(readdirSync(join(work, 'cache'))).toEqual([]);
    await on.store.delete('k');
    await on.store.delete('k');
    await expect(on.store.get(ref)).rejects.toMatchObject({ code: 'artifact_missing' });
    await expect(on.store.getFile(ref, join(work, 'cache'))).rejects.toMatchObject({ code: 'artifact_missing' });
    await expect(on.store.open(ref)).rejects.toMatchObject({ code: 'artifact_missing' });
  });

  it('lists by prefix', async () => {
    for (const key of ['b/2', 'a/1', 'b/1', 'b/c/3', 'bb']) await on.store.put(key, bytes);
    expect(await on.store.list('b/')).toEqual(['b/1', 'b/2', 'b/c/3']);
    expect(await on.store.list('b/c')).toEqual(['b/c/3']);
    expect(await on.store.list('b/1/x')).toEqual([]);
    expect(await on.store.list('')).toEqual(['a/1', 'b/1', 'b/2', 'b/c/3', 'bb']);
    expect(await on.store.list('none')).toEqual([]);
  });

  it.each(['', '/etc/passwd', '../x', 'a/../b', 'a//b', 'a/', '.tmp/x', 'a/.x', 'a\\b', 'a\0b', 'ä', 'C:x'])(
    'refuses the key %j',
    async (key) => {
      const ref = { key, sha256: '0'.repeat(64), bytes: 1 };
      for (const work of [() => on.store.put(key, bytes), () => on.store.get(ref), () => on.store.has(key), () => on.store.delete(key)]) {
        await expect(Promise.resolve().then<unknown>(work)).rejects.toMatchObject({ code: 'invalid_request' });
      }
    },
  );
});

describe('a folder', () => {
  it('is rid of what a killed process left half written', async () => {
    const [old, young] = [randomUUID(), randomUUID()];
    const work = mkdtempSync(join(tmpdir(), 'stillhouse-artifacts-'));
    mkdirSync(join(work, '.tmp'));
    for (const name of [old, young]) writeFileSync(join(work, '.tmp', name), 'half');
    utimesSync(join(work, '.tmp', old), 1, 1);
    await openArtifactStore(work).put('k', Buffer.from('x'));
    expect(readdirSync(join(work, '.tmp'))).toEqual([young]);
    rmSync(work, { recursive: true });
  });
});

describe('S3', () => {
  it('knows its own send again whose answer was lost, and gives up on what is not there', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
    const server = await startS3Server();
    const store = openArtifactStore(`s3://bucket?endpoint=${encodeURIComponent(server.url)}&region=us-east-1&pathStyle=1`);
    server.loseAnswers(1);
    const ref = await store.put('k', Buffer.from('x'));
    expect(await store.get(ref)).toEqual(Buffer.from('x'));
    await server.stop();
    await expect(store.get(ref)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    vi.unstubAllEnvs();
  });
});
