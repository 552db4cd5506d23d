import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { endLeftBehind, openChildLedger } from './child-ledger.ts';

const fresh = () => join(mkdtempSync(join(tmpdir(), 'stillhouse-ledger-')), 'children.json');
const damages = [
  '{"name": "tem',
  '\0\0\0\0',
  '',
  '{}',
  '[null]',
  '[{"name":"x","pid":1,"identity":"a:1"}]',
  '[{"name":"x","pid":-1,"identity":"a:1"}]',
];

test.each(damages)('a damaged file (%j) is said in one sentence and tells of nobody', async (text) => {
  const path = fresh();
  writeFileSync(path, text);
  const said: string[] = [];
  expect(await endLeftBehind(path, 1_000, (sentence) => said.push(sentence))).toEqual([]);
  expect(said).toEqual([expect.stringContaining(`${path} is damaged`)]);
});

test('what the file tells of is ended, by name; no file is no damage', async () => {
  const path = fresh();
  const said: string[] = [];
  const onTrouble = (sentence: string) => void said.push(sentence);
  expect(await endLeftBehind(path, 1_000, onTrouble)).toEqual([]);
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
  await once(child, 'spawn');
  openChildLedger(path, { onTrouble }).add('worker', child.pid!);
  const ended = once(child, 'exit');
  expect(await endLeftBehind(path, 5_000, onTrouble)).toEqual(['worker']);
  await ended;
  expect(said).toEqual([]);
});
