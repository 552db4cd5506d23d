import { rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { StillhouseError } from '../../../contracts/errors.ts';
import type { StudentServerConfig } from '../../../contracts/language-model.ts';
import type { ArtifactStore } from '../../../store/artifacts/artifact-store.ts';
import { placeFolder } from './adapter-files.ts';
import { BackendConnection, errorOf } from './backend-connection.ts';
import { withPrice, type PriceOf } from './compute-price.ts';
import { foreignStudents } from './foreign-student.ts';
import type { PlacedStudent, StudentBackend } from './student-backend.ts';

export interface ForeignBackendOptions {
  config: StudentServerConfig;
  key: string | undefined;
  artifacts: ArtifactStore;
  priceOf: PriceOf;
}

/**
 * vLLM with `--enable-lora` and `VLLM_ALLOW_RUNTIME_LORA_UPDATING=True`: adapters (PEFT's files, on a disk that both
 * see) come and go by its HTTP API, and an adapter's name is a model.
 */
export function vllmBackend({ config, key, artifacts, priceOf }: ForeignBackendOptions): StudentBackend {
  const connection = new BackendConnection({ name: config.id, baseUrl: config.baseUrl, key });
  const students = foreignStudents(artifacts);
  const loading = new Map<string, Promise<void>>();
  const folders = config.adapterFolder;

  async function load(student: PlacedStudent): Promise<void> {
    const { peft } = await students.manifestOf(student);
    if (!peft) throw new StillhouseError('unavailable', `${student.target} has no PEFT adapter, which vLLM needs`, { retryable: false });
    const files = { 'adapter_config.json': peft.config, 'adapter_model.safetensors': peft.weights };
    await placeFolder(artifacts, files, join(folders!.here, student.id));
    const answer = await connection.manage('POST', '/v1/load_lora_adapter', {
      lora_name: student.id,
      lora_path: posix.join(folders!.there, student.id),
    });
    const there = answer.status === 400 && /already been\s*loaded/.test(errorOf(answer.body).message ?? '');
    if (answer.status >= 300 && !there) throw connection.refused(answer, `load ${student.target}`);
  }
  const prepare = (student: PlacedStudent): Promise<void> => {
    const running = loading.get(student.id) ?? load(student).finally(() => loading.delete(student.id));
    loading.set(student.id, running);
    return running;
  };

  return {
    refusal: folders ? null : `the student server "${config.id}" needs an adapterFolder in stillhouse.yaml`,
    async call(student, call) {
      const body = await students.bodyOf(student, call.request);
      const began = performance.now();
      let answer = await connection.chat(body, call);
      if (answer.status === 404) {
        await prepare(student);
        answer = await connection.chat(body, call);
      }
      return withPrice(answer, priceOf, began);
    },
    prepare,
    async release(student) {
      await connection.manage('POST', '/v1/unload_lora_adapter', { lora_name: student.id });
      await rm(join(folders!.here, student.id), { recursive: true, force: true });
    },
    close: () => connection.close(),
  };
}
