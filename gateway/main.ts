import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { isStillhouseError } from '../contracts/errors.ts';
import { loadConfiguration } from '../platform/configuration.ts';
import { loadEnvironment } from '../platform/environment.ts';
import { homePaths } from '../platform/home.ts';
import { onShutdown, reportReady } from '../platform/lifecycle.ts';
import { createLogger } from '../platform/logger.ts';
import { createEncoderPool } from '../serving/encoder-pool.ts';
import { openArtifactStore } from '../store/artifacts/artifact-store.ts';
import { startGateway } from './gateway.ts';
import { startProcesses } from './processes/primary.ts';

// While it warms up, V8 learns that what belongs to a call lives long, and makes it old from the start: each dead call then keeps others
// alive until a full collection, and short ones take four times as long (`docs/LOG.md`).
setFlagsFromString('--no-allocation-site-pretenuring');

async function main(): Promise<void> {
  const env = loadEnvironment();
  const log = createLogger('gateway', env.STILLHOUSE_LOG_LEVEL);
  const { STILLHOUSE_GATEWAY_PROCESSES: processes } = env;
  if (processes > 1 && cluster.isPrimary) {
    const primary = await startProcesses({ count: processes, host: env.STILLHOUSE_HOST, port: env.STILLHOUSE_PORT, log });
    onShutdown(() => primary.close());
    reportReady();
    return;
  }
  const artifacts = openArtifactStore(env.STILLHOUSE_ARTIFACTS ?? `file:${homePaths(env).artifacts}`);
  const embedderFolder = env.STILLHOUSE_EMBEDDER;
  const pool = embedderFolder === undefined ? null : createEncoderPool({ embedderFolder, artifacts, log });
  const gateway = await startGateway({
    env,
    configuration: loadConfiguration(env.STILLHOUSE_CONFIG),
    secret: (name) => process.env[name],
    artifacts,
    classifier: pool,
    clustered: cluster.isWorker,
    consoleFolder: fileURLToPath(new URL('../clients/console/dist', import.meta.url)),
    log,
  });
  onShutdown(async (reason) => {
    log.info({ reason }, 'stopping');
    await gateway.close();
    await pool?.close();
  });
  log.info({ address: gateway.address }, 'listening');
  reportReady();
}

main().catch((error: unknown) => {
  console.error(isStillhouseError(error) ? error.message : error);
  process.exit(1);
});
