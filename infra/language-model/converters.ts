import { existsSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { StillhouseError } from '../../contracts/errors.ts';
import { buildOnce, hashOfFiles } from '../preparations/build-once.ts';
import type { PreparationContext } from '../preparations/preparation.ts';
import { preparationStep, stepOptions } from '../preparations/preparation-step.ts';
import { type CommandOptions, runCommand } from '../processes/run-command.ts';

/** What of llama.cpp's sources turns a Hugging Face folder into GGUF. */
const PATHS = ['convert_hf_to_gguf.py', 'convert_lora_to_gguf.py', 'conversion', 'gguf-py/gguf', 'LICENSE'];
const HOW_TO_INSTALL = 'Debian and Ubuntu: apt-get install git; macOS: xcode-select --install';

/** Where llama.cpp's converters lie once they are unpacked: the release that node-llama-cpp carries names the folder. */
export function convertersFolder(cacheFolder: string): string {
  const root = llamaPackage();
  return join(cacheFolder, `converters-${hashOfFiles([join(root, 'package.json'), join(root, 'llama', 'llama.cpp.info.json')])}`);
}

/**
 * Unpacks the converters from the git bundle inside node-llama-cpp unless the cache has them, and returns their folder.
 * They are of the very release whose library serves the files that they make.
 */
export async function ensureConverters(context: PreparationContext, env: NodeJS.ProcessEnv): Promise<string> {
  const folder = convertersFolder(context.cacheFolder);
  await buildOnce({
    folder,
    build: (unfinished) => build(unfinished, context, env),
    onWait: () => context.progress("another start unpacks llama.cpp's converters, waiting for it"),
    ...(context.signal ? { signal: context.signal } : {}),
  });
  return folder;
}

/** The version of the `git` on the PATH, or a sentence. */
export async function checkGit(options: CommandOptions): Promise<string> {
  const { code, tail } = await runCommand('git', ['--version'], options);
  const version = /^git version (\S+)/.exec(tail[0] ?? '')?.[1];
  if (code === 0 && version) return version;
  throw new StillhouseError(
    'unavailable',
    `git is needed once, to unpack llama.cpp's converters for language-model students, and none was found on the PATH: install it (${HOW_TO_INSTALL}).`,
    { retryable: true },
  );
}

async function build(unfinished: string, context: PreparationContext, env: NodeJS.ProcessEnv): Promise<void> {
  // Inside a hook of a repository git's own variables would point every git to that repository.
  const clean = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('GIT_')));
  const options = stepOptions(context, clean);
  await checkGit(options);
  context.progress("unpacking llama.cpp's converters");
  const bundle = join(llamaPackage(), 'llama', 'gitRelease.bundle');
  const repository = join(unfinished, 'repository');
  const archive = join(unfinished, 'converters.tar');
  const failure = "llama.cpp's converters could not be unpacked";
  await preparationStep(['git', 'clone', '--quiet', '--bare', bundle, repository], failure, options);
  await preparationStep(['git', `--git-dir=${repository}`, 'archive', '--output', archive, 'HEAD', ...PATHS], failure, options);
  await preparationStep(['tar', '-xf', archive, '-C', unfinished], failure, options);
  rmSync(repository, { recursive: true, force: true });
  rmSync(archive);
}

function llamaPackage(): string {
  let folder = dirname(createRequire(import.meta.url).resolve('node-llama-cpp'));
  // Its entry lies somewhere below its root.
  while (!existsSync(join(folder, 'llama', 'gitRelease.bundle'))) {
    if (dirname(folder) === folder) throw new StillhouseError('unavailable', 'node-llama-cpp is not whole here: run "npm ci".');
    folder = dirname(folder);
  }
  return folder;
}
