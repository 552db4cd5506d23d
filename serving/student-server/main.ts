import { availableParallelism } from 'node:os';
import { isStillhouseError } from '../../contracts/errors.ts';
import { loadConfiguration } from '../../platform/configuration.ts';
import { loadEnvironment } from '../../platform/environment.ts';
import { homePaths } from '../../platform/home.ts';
import { onShutdown, reportReady } from '../../platform/lifecycle.ts';
import { createLogger } from '../../platform/logger.ts';
import { openArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { createLanguageModelEngine } from '../language-model/engine.ts';
import { startStudentServer } from './server.ts';

async function main(): Promise<void> {
  const env = loadEnvironment();
  const log = createLogger('student-server', env.STILLHOUSE_LOG_LEVEL);
  const engine = createLanguageModelEngine({
    artifacts: openArtifactStore(env.STILLHOUSE_ARTIFACTS ?? `file:${homePaths(env).artifacts}`),
    folder: homePaths(env).models,
    gpu: env.STILLHOUSE_DEVICE === 'cpu' ? false : env.STILLHOUSE_DEVICE,
    threads: availableParallelism(),
    maxBytes: env.STILLHOUSE_STUDENT_MEMORY_BYTES,
    log,
  });
  const server = await startStudentServer({
    engine,
    host: env.STILLHOUSE_HOST,
    port: env.STILLHOUSE_STUDENT_SERVER_PORT,
    key: env.STILLHOUSE_SERVICE_KEY,
    maxBodyBytes: loadConfiguration(env.STILLHOUSE_CONFIG).limits.maxBodyBytes,
    log,
  });
  onShutdown(async (reason) => {
    log.info({ reason }, 'stopping');
    await server.close();
  });
  log.info({ address: server.address }, 'listening');
  reportReady();
}

main().catch((error: unknown) => {
  console.error(isStillhouseError(error) ? error.message : error);
  process.exit(1);
});
