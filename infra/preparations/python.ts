import { StillhouseError } from '../../contracts/errors.ts';
import { runCommand } from '../processes/run-command.ts';

/** A Python that can make virtual environments. */
export interface Python {
  program: string;
  /** The file behind `program` and its links: an environment that must outlive an upgrade of `python3` is made by it. */
  executable: string;
  /** As in "3.11.7". */
  version: string;
}

const NEWEST_MINOR = 14;
const OLDEST_MINOR = 11;
const HOW_TO_INSTALL = 'Debian and Ubuntu: apt-get install python3 python3-venv; macOS: brew install python@3.12';
const PROBE = "import os, sys; print('%d.%d.%d' % sys.version_info[:3]); print(os.path.realpath(sys.executable)); import venv, ensurepip";

/**
 * The first Python on the PATH that is new enough and has `venv`; a sentence with what to do where there is none.
 * `purpose` stands in it, as in "build the embedder".
 */
export async function findPython(env: NodeJS.ProcessEnv, purpose: string): Promise<Python> {
  const names = ['python3'];
  for (let minor = NEWEST_MINOR; minor >= OLDEST_MINOR; minor--) names.push(`python3.${minor}`);
  let withoutVenv: string | null = null;
  let tooOld: string | null = null;
  for (const program of [...names, 'python']) {
    const { code, tail } = await runCommand(program, ['-c', PROBE], { env });
    const at = tail.findIndex((line) => /^\d+\.\d+\.\d+$/.test(line));
    const [version, executable] = [tail[at], tail[at + 1]];
    if (version === undefined || executable === undefined) continue;
    const [major, minor] = version.split('.').map(Number) as [number, number];
    if (major !== 3 || minor < OLDEST_MINOR) tooOld ??= `${program} is ${version}`;
    else if (code !== 0) withoutVenv ??= `${program} (${version})`;
    else return { program, executable, version };
  }
  throw new StillhouseError('unavailable', refusal(purpose, withoutVenv, tooOld));
}

function refusal(purpose: string, withoutVenv: string | null, tooOld: string | null): string {
  if (withoutVenv) {
    return `${withoutVenv} has no venv module, which is needed once, to ${purpose}: install it (Debian and Ubuntu: apt-get install python3-venv) and start again.`;
  }
  const found = tooOld ? `only ${tooOld}` : 'none';
  return `Python 3.${OLDEST_MINOR} or newer is needed once, to ${purpose}, and ${found} was found on the PATH: install it (${HOW_TO_INSTALL}) and start again.`;
}
