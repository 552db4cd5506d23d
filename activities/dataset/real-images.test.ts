import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { DatasetRow } from '../../contracts/datasets.ts';
import { openArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { storeImage } from '../../store/images/stored-images.ts';
import { withRealImages } from './real-images.ts';

const folder = mkdtempSync(join(tmpdir(), 'stillhouse-images-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('rows have their images again, in pieces that one insert takes; rows without are left as they are', async () => {
  const artifacts = openArtifactStore(folder);
  const bytes = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(7 * 1024 * 1024, 1)]);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await storeImage(artifacts, 'p', sha256, bytes);
  const row = (url: string) =>
    ({ rowId: url, messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] }) as unknown as DatasetRow;
  const rows = [row('https://example.com/a.png'), ...Array.from({ length: 3 }, () => row(`stillhouse:image/${sha256}`))];
  const chunks = await Array.fromAsync(withRealImages(artifacts, 'p', rows));
  expect(chunks.map((chunk) => chunk.length)).toEqual([2, 1, 1]);
  expect(chunks[0]![0]).toBe(rows[0]);
  const url = `data:image/png;base64,${bytes.toString('base64')}`;
  for (const chunk of chunks.flat().slice(1)) expect(JSON.stringify(chunk.messages) === JSON.stringify(row(url).messages)).toBe(true);
  // Of another project there is none.
  const [others] = await Array.fromAsync(withRealImages(artifacts, 'q', rows.slice(1, 2)));
  expect(others![0]!.messages).toEqual(rows[1]!.messages);
});
