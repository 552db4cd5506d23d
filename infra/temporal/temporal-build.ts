import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StillhouseError } from '../../contracts/errors.ts';
import type { PreparationContext } from '../preparations/preparation.ts';
import { runCommand } from '../processes/run-command.ts';
import { isAtLeast, TEMPORAL_CLI_VERSION } from './release.ts';

const MODULE = fileURLToPath(new URL('.', import.meta.url));
/** The `go` line of go.mod. */
const GO_NEEDED = '1.26.4';
/** What `go list -deps` counts: for the person who waits. */
const PACKAGES = 1_717;
const HOW_TO_INSTALL = 'install it (https://go.dev/dl), or put a temporal on the PATH, or set TEMPORAL_ADDRESS to a server that runs';

/** Builds the CLI, with its development server, from the pinned Go module: 6 to 8 minutes on 2 cores with nothing cached. */
export async function buildTemporal(folder: string, context: PreparationContext, env: NodeJS.ProcessEnv): Promise<void> {
  await checkGo(env);
  context.say(
    `builds Temporal ${TEMPORAL_CLI_VERSION} from its Go module: downloads about 230 MB of sources, takes 6 to 8 minutes on 2 cores, once`,
  );
  const began = performance.now();
  let modules = 0;
  let packages = 0;
  const args = [
    'build',
    '-v',
    '-mod=readonly',
    '-trimpath',
    '-ldflags',
    `-s -w -X github.com/temporalio/cli/internal/temporalcli.Version=${TEMPORAL_CLI_VERSION}`,
    '-o',
    join(folder, 'temporal'),
    'github.com/temporalio/cli/cmd/temporal',
  ];
  // Go's own temporary files can outgrow a small /tmp; beside the result they are also cleared away with it.
  const scratch = mkdtempSync(join(folder, 'scratch-'));
  const { code, tail } = await runCommand('go', args, {
    cwd: MODULE,
    env: { ...env, CGO_ENABLED: '0', GOTMPDIR: scratch, GOFLAGS: '' },
    nice: true,
    onLine: (line) => {
      if (line.startsWith('go: downloading')) modules++;
      else packages++;
      context.progress(`${modules} modules fetched, ${packages} of about ${PACKAGES} packages compiled, ${elapsed(began)}`);
    },
    ...(context.signal && { signal: context.signal }),
    ...(context.ledger && { ledger: context.ledger }),
  });
  rmSync(scratch, { recursive: true, force: true });
  if (code === 0) return;
  const reason = tail.findLast((line) => !line.startsWith('go: downloading')) ?? 'it said nothing';
  throw new StillhouseError('unavailable', `Temporal could not be built by go: ${reason.trim()}`);
}

/** The version of the `go` on the PATH, or a sentence where it can't build Temporal. */
export async function checkGo(env: NodeJS.ProcessEnv): Promise<string> {
  const { code, tail } = await runCommand('go', ['env', 'GOVERSION'], { env: { ...env, GOTOOLCHAIN: 'local' } });
  const version = /^go(\d+\.\d+(?:\.\d+)?)/.exec(tail.at(-1) ?? '')?.[1];
  if (code !== 0 || version === undefined) {
    throw new StillhouseError(
      'unavailable',
      `Temporal's server must be built here, which needs Go ${GO_NEEDED} or newer, and there is none on the PATH: ${HOW_TO_INSTALL}.`,
    );
  }
  if (!isAtLeast(version, GO_NEEDED)) {
    throw new StillhouseError(
      'unavailable',
      `Temporal's server must be built here, which needs Go ${GO_NEEDED} or newer, and the one on the PATH is ${version}: ${HOW_TO_INSTALL}.`,
    );
  }
  return version;
}

function elapsed(began: number): string {
  const seconds = Math.round((performance.now() - began) / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
