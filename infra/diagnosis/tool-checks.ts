import { existsSync } from 'node:fs';
import type { Environment } from '../../contracts/environment.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { cacheFolder } from '../../platform/home.ts';
import { embedderFolder } from '../embedder/embedder.ts';
import { findPython } from '../preparations/python.ts';
import { runCommand } from '../processes/run-command.ts';
import { isAtLeast, TEMPORAL_CLI_VERSION } from '../temporal/release.ts';
import { temporalFolder, temporalOnPath } from '../temporal/temporal-binary.ts';
import { checkGo } from '../temporal/temporal-build.ts';
import { type Finding, found } from './finding.ts';

const NODE_NEEDED = '24.0.0';
const NPM_NEEDED = '11.0.0';
const GLIBC_NEEDED = '2.36.0';

/** The tools of the machine: what is there, what is only needed for a build that the cache already holds. */
export async function toolFindings(env: Environment, inherited: NodeJS.ProcessEnv): Promise<Finding[]> {
  const cache = cacheFolder(env);
  const embedder = existsSync(embedderFolder(cache));
  return Promise.all([
    found('platform', 'problem', checkPlatform),
    found('node', 'problem', checkNode),
    found('npm', 'warning', () => checkNpm(inherited)),
    found('python', embedder ? 'warning' : 'problem', async () => {
      const { program, version } = await findPython(inherited, 'build the embedder');
      return `${version} (${program})`;
    }),
    found('embedder', 'problem', () =>
      embedder ? `built, in ${embedderFolder(cache)}` : 'is built at the first start (about 140 MB to download)',
    ),
    ...(env.TEMPORAL_ADDRESS ? [] : [found('temporal', 'problem', () => checkTemporal(cache, inherited))]),
  ]);
}

function checkPlatform(): string {
  const name = `${process.platform} ${process.arch}`;
  const supported = ['linux x64', 'linux arm64', 'darwin arm64'];
  if (!supported.includes(name)) throw new StillhouseError('unavailable', `${name} is not supported: run it on ${supported.join(', ')}`);
  if (process.platform !== 'linux') return name;
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  const glibc = header.glibcVersionRuntime;
  if (!glibc)
    throw new StillhouseError(
      'unavailable',
      'This Linux has no glibc (Alpine?), which the engines need: use Debian 12, Ubuntu 24.04 or newer',
    );
  if (!isAtLeast(glibc, GLIBC_NEEDED)) {
    throw new StillhouseError('unavailable', `glibc is ${glibc}, 2.36 or newer is needed: use Debian 12, Ubuntu 24.04 or newer`);
  }
  return `${name}, glibc ${glibc}`;
}

function checkNode(): string {
  const version = process.versions.node;
  if (isAtLeast(version, NODE_NEEDED)) return version;
  throw new StillhouseError('unavailable', `${version} is too old, 24 or newer is needed: use the one that "npm ci" brings ("npm run …")`);
}

async function checkNpm(inherited: NodeJS.ProcessEnv): Promise<string> {
  const { code, tail } = await runCommand('npm', ['--version'], { env: inherited });
  const version = tail.find((line) => /^\d+\.\d+\.\d+/.test(line));
  if (code !== 0 || !version) throw new StillhouseError('unavailable', 'npm is not on the PATH: it is needed to install, not to run');
  if (!isAtLeast(version, NPM_NEEDED)) throw new StillhouseError('unavailable', `${version} is older than 11: npm install --global npm@11`);
  return version;
}

async function checkTemporal(cacheFolder: string, inherited: NodeJS.ProcessEnv): Promise<string> {
  const version = await temporalOnPath(inherited);
  if (version && isAtLeast(version, TEMPORAL_CLI_VERSION)) return `${version} on the PATH`;
  const folder = temporalFolder(cacheFolder);
  if (existsSync(folder)) return `${TEMPORAL_CLI_VERSION} in ${folder}`;
  try {
    return `is downloaded at the first start, else built by Go ${await checkGo(inherited)} (6 to 8 minutes)`;
  } catch {
    return 'is downloaded at the first start; where there is no way to github.com, Go 1.26.4 or newer is needed to build it, and there is none';
  }
}
