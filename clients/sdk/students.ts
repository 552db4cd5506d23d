import type { Student } from '../../contracts/distil.ts';
import type { Page } from '../../contracts/http.ts';
import type { Transport } from './transport.ts';

/** Trained, exported, registered models. */
export class Students {
  readonly #transport: Transport;
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** All students, newest first. */
  async list(signal?: AbortSignal): Promise<Student[]> {
    return (await this.#transport.json<Page<Student>>('GET', '/students', { signal })).items;
  }

  get(name: string, signal?: AbortSignal): Promise<Student> {
    return this.#transport.json('GET', `/students/${encodeURIComponent(name)}`, { signal });
  }
}
