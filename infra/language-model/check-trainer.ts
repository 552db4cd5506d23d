/**
 * `npm run test:trainer [-- --junit FILE] [pytest's arguments]`: ruff and pytest of gpu-worker/trainer, in an environment
 * that is built once for it. Exit code 0 only where both are content.
 */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isStillhouseError } from '../../contracts/errors.ts';
import { loadEnvironment } from '../../platform/environment.ts';
import { pythonOf } from '../preparations/locked-environment.ts';
import { runCommand } from '../processes/run-command.ts';
import { consoleContext } from './console-context.ts';
import { ensureLanguageModelParts } from './language-model-parts.ts';
import { ensureEnvironment } from './python-environment.ts';

const TRAINER = fileURLToPath(new URL('../../gpu-worker/trainer', import.meta.url));

async function check(argv: string[]): Promise<number> {
  const env = loadEnvironment();
  const context = consoleContext(env);
  // Tests of the export and of training take the base and the converters.
  const { base, converters } = await ensureLanguageModelParts(env, context, process.env);
  const python = pythonOf(await ensureEnvironment(context, process.env, 'development'));
  const run = async (args: string[]) => {
    const { code } = await runCommand(python, args, {
      cwd: TRAINER,
      env: {
        ...process.env,
        PYTHONPATH: TRAINER,
        PYTHONDONTWRITEBYTECODE: '1',
        STILLHOUSE_BASE: base,
        STILLHOUSE_CONVERTERS: converters,
      },
      onLine: (line) => console.log(line),
      ...(context.signal && { signal: context.signal }),
    });
    return code ?? 1;
  };
  const at = argv.indexOf('--junit');
  const junit = at === -1 ? [] : [`--junitxml=${resolve(argv[at + 1]!)}`];
  const others = at === -1 ? argv : argv.toSpliced(at, 2);
  const lint = await run(['-m', 'ruff', 'check', '--no-cache', '.']);
  const format = await run(['-m', 'ruff', 'format', '--no-cache', '--check', '.']);
  const tests = await run(['-m', 'pytest', '-p', 'no:cacheprovider', ...junit, ...others]);
  return Math.max(lint, format, tests);
}

try {
  process.exitCode = await check(process.argv.slice(2));
} catch (error) {
  console.error(isStillhouseError(error) ? error.message : error);
  process.exitCode = 1;
}
