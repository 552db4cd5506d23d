import { join } from 'node:path';
import { StillhouseError } from '../../../contracts/errors.ts';
import { placeFile } from './adapter-files.ts';
import { BackendConnection } from './backend-connection.ts';
import { withPrice } from './compute-price.ts';
import { foreignStudents } from './foreign-student.ts';
import type { PlacedStudent, StudentBackend } from './student-backend.ts';
import type { ForeignBackendOptions } from './vllm-backend.ts';

/**
 * llama.cpp's `llama-server`. It reads adapters when it starts (`--lora … --lora-init-without-apply --jinja`) and none
 * after; which of them answers is said with each call. The adapter's file is put where it will find it at its next start.
 */
export function llamaServerBackend({ config, key, artifacts, priceOf }: ForeignBackendOptions): StudentBackend {
  const connection = new BackendConnection({ name: config.id, baseUrl: config.baseUrl, key });
  const students = foreignStudents(artifacts);
  const folders = config.adapterFolder;
  /** Number of a student's adapter; the server may have been started anew with others. */
  const numbers = new Map<string, number>();
  const fileOf = (student: PlacedStudent) => `${student.id}.gguf`;

  async function find(student: PlacedStudent): Promise<number | null> {
    const answer = await connection.manage('GET', '/lora-adapters');
    if (answer.status >= 300 || !Array.isArray(answer.body)) throw connection.refused(answer, 'list its adapters');
    const adapters = answer.body as { id?: unknown; path?: unknown }[];
    const found = adapters.find(({ path }) => typeof path === 'string' && path.split(/[\\/]/).at(-1) === fileOf(student));
    return typeof found?.id === 'number' ? found.id : null;
  }

  async function prepare(student: PlacedStudent): Promise<void> {
    const { served } = await students.manifestOf(student);
    if (served.form !== 'adapter') {
      throw new StillhouseError('unavailable', `${student.target} is no adapter, and "${config.id}" serves adapters on its own base`, {
        retryable: false,
      });
    }
    const number = await find(student);
    if (number !== null) return void numbers.set(student.id, number);
    numbers.delete(student.id);
    await placeFile(artifacts, served.adapter, join(folders!.here, fileOf(student)));
    const argument = `--lora ${folders!.there.replace(/\/$/, '')}/${fileOf(student)}`;
    throw new StillhouseError(
      'unavailable',
      `The llama-server "${config.id}" does not have ${student.target}: start it again with ${argument}`,
      {
        retryable: false,
      },
    );
  }

  return {
    refusal: folders ? null : `the student server "${config.id}" needs an adapterFolder in stillhouse.yaml`,
    async call(student, call) {
      // Numbers go by the order of the server's arguments: a restart may give them to others, so each call asks.
      await prepare(student);
      const body = await students.bodyOf(student, call.request, { lora: [{ id: numbers.get(student.id)!, scale: 1 }] });
      const began = performance.now();
      return withPrice(await connection.chat(body, call), priceOf, began);
    },
    prepare,
    // It lets go of nothing while it runs.
    release: (student) => Promise.resolve(void numbers.delete(student.id)),
    close: () => connection.close(),
  };
}
