import type { StudentServerConfig } from '../../../contracts/language-model.ts';
import type { ArtifactStore } from '../../../store/artifacts/artifact-store.ts';
import { computePrice, elapsedPrice } from './compute-price.ts';
import { llamaServerBackend } from './llama-server-backend.ts';
import { LOCAL } from './placed-students.ts';
import type { StudentBackend } from './student-backend.ts';
import { studentServerBackend } from './student-server-backend.ts';
import { vllmBackend } from './vllm-backend.ts';

export interface StudentBackendsOptions {
  /** `STILLHOUSE_STUDENT_URLS`: replicas of `local`, comma-separated. */
  localUrls: string | undefined;
  /** Key of our own student servers off loopback. */
  serviceKey: string | undefined;
  servers: readonly StudentServerConfig[];
  secret: (name: string) => string | undefined;
  usdPerHour: { core: number; gpu: number };
  artifacts: ArtifactStore;
}

/** Every place that the configuration names, by its id. */
export function studentBackends(options: StudentBackendsOptions): Map<string, StudentBackend> {
  const { artifacts, usdPerHour } = options;
  const priceOf = computePrice(usdPerHour);
  const urls = (options.localUrls ?? '').split(',').flatMap((url) => url.trim() || []);
  const backends = new Map([[LOCAL, studentServerBackend({ id: LOCAL, urls, key: options.serviceKey, priceOf })]]);
  for (const config of options.servers) {
    const key = config.apiKeyEnv === undefined ? undefined : options.secret(config.apiKeyEnv);
    const foreign = { config, key, artifacts, priceOf: elapsedPrice(usdPerHour.gpu) };
    switch (config.kind) {
      case 'student-server':
        backends.set(config.id, studentServerBackend({ id: config.id, urls: [config.baseUrl], key: key ?? options.serviceKey, priceOf }));
        break;
      case 'vllm':
        backends.set(config.id, vllmBackend(foreign));
        break;
      case 'llama-server':
        backends.set(config.id, llamaServerBackend(foreign));
        break;
    }
  }
  return backends;
}
