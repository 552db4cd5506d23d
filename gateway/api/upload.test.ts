import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { receiveJsonl } from './upload.ts';

test('an upload removes what killed processes left behind, and leaves the others alone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stillhouse-upload-'));
  const put = (name: string, daysAgo: number) => {
    writeFileSync(join(folder, name), 'x');
    const then = Date.now() / 1000 - daysAgo * 86_400;
    utimesSync(join(folder, name), then, then);
    return name;
  };
  put(`upload-${randomUUID()}.jsonl`, 2);
  put(`${randomUUID()}.jsonl`, 2);
  put(`${'a'.repeat(64)}.onnx.${randomUUID()}.tmp`, 2);
  const kept = [put(`upload-${randomUUID()}.jsonl`, 0), put(`${'a'.repeat(64)}.jsonl`, 2), put('notes.txt', 2)];
  const row = JSON.stringify({ messages: [{ role: 'user', content: 'x' }], answer: 'y' });
  const received = await receiveJsonl(new Blob([row]).stream(), folder, () => Promise.resolve());
  expect(received.lines).toBe(1);
  expect(readdirSync(folder).sort()).toEqual(kept.sort());
});
