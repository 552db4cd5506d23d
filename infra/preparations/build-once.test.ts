import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildOnce } from './build-once.ts';

const fresh = () => join(mkdtempSync(join(tmpdir(), 'stillhouse-build-')), 'tool-1');
const nothing = () => undefined;

test('two at once build once; the second waits and takes the result', async () => {
  const folder = fresh();
  let builds = 0;
  let waits = 0;
  const gate = Promise.withResolvers<void>();
  const build = async (unfinished: string) => {
    builds++;
    await gate.promise;
    writeFileSync(join(unfinished, 'tool'), 'built');
  };
  const first = buildOnce({ folder, build, onWait: nothing });
  const second = buildOnce({
    folder,
    build,
    onWait: () => {
      waits++;
      gate.resolve();
    },
  });
  await Promise.all([first, second]);
  expect({ builds, waits }).toEqual({ builds: 1, waits: 1 });
  expect(readFileSync(join(folder, 'tool'), 'utf8')).toBe('built');
});

test('a build that fails leaves nothing and can be tried again', async () => {
  const folder = fresh();
  const failing = async (unfinished: string) => {
    writeFileSync(join(unfinished, 'half'), '');
    throw new Error('no compiler');
  };
  await expect(buildOnce({ folder, build: failing, onWait: nothing })).rejects.toThrow('no compiler');
  expect(existsSync(folder)).toBe(false);
  await buildOnce({ folder, build: async () => undefined, onWait: nothing });
  expect(existsSync(folder)).toBe(true);
});

test('what a killed build left is cleared away, and what belongs to others is not', async () => {
  const folder = fresh();
  mkdirSync(`${folder}.unfinished-dead`);
  mkdirSync(`${folder}0.unfinished-other`);
  await buildOnce({ folder, build: async () => undefined, onWait: nothing });
  const names = readdirSync(join(folder, '..')).filter((name) => !name.includes('.lock'));
  expect(names.toSorted()).toEqual(['tool-1', 'tool-10.unfinished-other']);
});
