import type { Student, StudentView } from '../../contracts/distil.ts';
import type { Page } from '../../contracts/http.ts';
import type { ModelFileKind, StudentBase, StudentFile, StudentImport, UploadedModelFile } from '../../contracts/students.ts';
import type { z } from 'zod';
import { type ChangeOptions, sentWith } from './aliases.ts';
import type { Transport, UploadBody } from './transport.ts';

/** Trained, exported, registered models. */
export class Students {
  readonly #transport: Transport;
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** All students, newest first. */
  async list(signal?: AbortSignal): Promise<StudentView[]> {
    return (await this.#transport.json<Page<StudentView>>('GET', '/students', { signal })).items;
  }

  /** What a student can be trained on, by the names that `student` of a distillation takes. */
  async bases(signal?: AbortSignal): Promise<StudentBase[]> {
    return (await this.#transport.json<Page<StudentBase>>('GET', '/bases', { signal })).items;
  }

  get(name: string, signal?: AbortSignal): Promise<StudentView> {
    return this.#transport.json('GET', pathOf(name), { signal });
  }

  /** The files that it is made of. */
  async files(name: string, signal?: AbortSignal): Promise<StudentFile[]> {
    return (await this.#transport.json<Page<StudentFile>>('GET', `${pathOf(name)}/files`, { signal })).items;
  }

  /** The bytes of one file, as they come: compare their SHA-256 with the list's. */
  async download(name: string, file: string, signal?: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#transport.send('GET', `${pathOf(name)}/files/${encodeURIComponent(file)}`, { signal });
    return response.body!;
  }

  /** Uploads a file of a model; its `sha256` goes into the import. A pickle is refused. */
  upload(name: string, file: UploadBody, kind?: ModelFileKind): Promise<UploadedModelFile> {
    return this.#transport.json('POST', `${pathOf(name)}/files`, { body: file, contentType: 'application/octet-stream', query: { kind } });
  }

  /** Makes a student of uploaded files; it is marked as not evaluated. */
  import(student: z.input<typeof StudentImport>, options: ChangeOptions = {}): Promise<Student> {
    return this.#transport.json('POST', '/students', { json: student, ...sentWith(options) });
  }

  /** Says which student server serves a language model; null: `local`. */
  place(name: string, server: string | null, options: ChangeOptions = {}): Promise<Student> {
    return this.#transport.json('PUT', `${pathOf(name)}/placement`, { json: { server }, ...sentWith(options) });
  }
}

function pathOf(name: string): string {
  return `/students/${encodeURIComponent(name)}`;
}
