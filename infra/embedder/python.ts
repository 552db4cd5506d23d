import { StillhouseError } from '../../contracts/errors.ts';
import { runCommand } from '../processes/run-command.ts';

/** A Python that can make virtual environments. */
export interface Python {
  program: string;
  /** As in "3.11.7". */
  version: string;
}

const NEWEST_MINOR = 14;
const OLDEST_MINOR = 11;
const HOW_TO_INSTALL = 'Debian and Ubuntu: apt-get install python3 python3-venv; macOS: brew install python@3.12';
const PROBE = "import sys; print('%d.%d.%d' % sys.version_info[:3]); import venv, ensurepip; print('venv')";

/** The first Python on the PATH that is new enough and has `venv`; a sentence with what to do where there is none. */
export async function findPython(env: NodeJS.ProcessEnv): Promise<Python> {
  const names = ['python3'];
  for (let minor = NEWEST_MINOR; minor >= OLDEST_MINOR; minor--) names.push(`python3.${minor}`);
  let withoutVenv: string | null = null;
  let tooOld: string | null = null;
  for (const program of [...names, 'python']) {
    const { code, tail } = await runCommand(program, ['-c', PROBE], { env });
    const version = tail.find((line) => /^\d+\.\d+\.\d+$/.test(line));
    if (version === undefined) continue;
    const [major, minor] = version.split('.').map(Number) as [number, number];
    if (major !== 3 || minor < OLDEST_MINOR) tooOld ??= `${program} is ${version}`;
    else if (code !== 0) withoutVenv ??= `${program} (${version})`;
    else return { program, version };
  }
  throw new StillhouseError('unavailable', refusal(withoutVenv, tooOld));
}

function refusal(withoutVenv: string | null, tooOld: string | null): string {
  if (withoutVenv) {
    return `${withoutVenv} has no venv module, which builds the embedder: install it (Debian and Ubuntu: apt-get install python3-venv) and start again.`;
  }
  const found = tooOld ? `only ${tooOld}` : 'none';
  return `Python 3.${OLDEST_MINOR} or newer is needed once, to build the embedder, and ${found} was found on the PATH: install it (${HOW_TO_INSTALL}) and start again.`;
}
