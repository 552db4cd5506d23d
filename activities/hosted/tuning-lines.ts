import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import { CuratedRow } from '../../contracts/stages.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';

/** A file in the providers' form, on this machine. */
export interface LocalTuningFile {
  path: string;
  sha256: string;
  bytes: number;
  rows: number;
}

/**
 * Writes the curated rows of each split as the fine-tuning APIs take them: `{"messages": [… , {"role": "assistant", "content":
 * <the best answer>}]}` a line. Rows without a usable answer are left out.
 */
export async function writeTuningLines(
  artifacts: ArtifactStore,
  curated: ArtifactRef,
  pathOf: (split: CuratedRow['split']) => string,
): Promise<Record<CuratedRow['split'], LocalTuningFile>> {
  const files = { train: await newFile(pathOf('train')), validation: await newFile(pathOf('validation')) };
  try {
    for (const line of (await artifacts.get(curated)).toString('utf8').split('\n')) {
      if (line === '') continue;
      const { messages, best, split, dropped } = CuratedRow.parse(JSON.parse(line));
      const [answer] = best;
      if (dropped !== null || answer === undefined) continue;
      await files[split].add(tuningLine(messages, answer));
    }
    return { train: files.train.result(), validation: files.validation.result() };
  } finally {
    await Promise.all([files.train.close(), files.validation.close()]);
  }
}

/** One example, with its line feed. */
export function tuningLine(messages: readonly object[], answer: string): string {
  return `${JSON.stringify({ messages: [...messages, { role: 'assistant', content: answer }] })}\n`;
}

async function newFile(path: string) {
  const handle = await open(path, 'wx');
  const hash = createHash('sha256');
  let bytes = 0;
  let rows = 0;
  return {
    async add(line: string): Promise<void> {
      const written = Buffer.from(line);
      await handle.writeFile(written);
      hash.update(written);
      bytes += written.length;
      rows++;
    },
    result: (): LocalTuningFile => ({ path, sha256: hash.digest('hex'), bytes, rows }),
    close: () => handle.close(),
  };
}
