import { fileURLToPath } from 'node:url';
import { isStillhouseError } from '../contracts/errors.ts';
import { loadConfiguration } from '../platform/configuration.ts';
import { loadEnvironment } from '../platform/environment.ts';
import { homePaths } from '../platform/home.ts';
import { onShutdown, reportReady } from '../platform/lifecycle.ts';
import { createLogger } from '../platform/logger.ts';
import { createEncoderPool } from '../serving/encoder-pool.ts';
import { openArtifactStore } from '../store/artifacts/artifact-store.ts';
import { startGateway } from './gateway.ts';

async function main(): Promise<void> {
  const env = loadEnvironment();
  const log = createLogger('gateway', env.STILLHOUSE_LOG_LEVEL);
  const artifacts = openArtifactStore(env.STILLHOUSE_ARTIFACTS ?? `file:${homePaths(env).artifacts}`);
  const embedderFolder = env.STILLHOUSE_EMBEDDER;
  const pool = embedderFolder === undefined ? null : createEncoderPool({ embedderFolder, artifacts, log });
  const gateway = await startGateway({
    env,
    configuration: loadConfiguration(env.STILLHOUSE_CONFIG),
    secret: (name) => process.env[name],
    artifacts,
    classifier: pool,
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
