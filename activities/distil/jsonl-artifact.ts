import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import { removeLeftBehind } from '../../platform/left-behind.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';

/**
 * Writes lines as one JSONL artifact, without holding them in memory. Its key ends with the hash of its content: the same
 * lines again are the same artifact, and a second attempt that read more is another one.
 */
export async function putJsonl(
  setting: { artifacts: ArtifactStore; temporaryFolder: string },
  keyPrefix: string,
  lines: AsyncIterable<unknown>,
): Promise<ArtifactRef> {
  await mkdir(setting.temporaryFolder, { recursive: true });
  await removeLeftBehind(setting.temporaryFolder);
  const path = join(setting.temporaryFolder, `${randomUUID()}.jsonl`);
  const hash = createHash('sha256');
  let rows = 0;
  async function* bytes() {
    for await (const line of lines) {
      const text = `${JSON.stringify(line)}\n`;
      hash.update(text);
      rows++;
      yield text;
    }
  }
  try {
    await pipeline(bytes, createWriteStream(path, { flags: 'wx' }));
    const ref = await setting.artifacts.putFile(`${keyPrefix}-${hash.digest('hex').slice(0, 16)}.jsonl`, path);
    return { ...ref, rows };
  } finally {
    await rm(path, { force: true });
  }
}
