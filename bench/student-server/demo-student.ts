import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { llamaBinaries } from '../../activities/student/llama-binaries.ts';
import { defaultSettings } from '../../core/students/default-settings.ts';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import type { LanguageModelManifest } from '../../contracts/language-model.ts';
import type { LanguageModelParts } from '../../infra/language-model/language-model-parts.ts';
import type { Logger } from '../../platform/logger.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { sha256Of } from '../../store/artifacts/content-hash.ts';
import { curatedRows, testRows, trainMessages } from '../trainer/curated-rows.ts';
import { trainerCommand } from './trainer-command.ts';

/** The demo's student as files, and what a manifest says of them. */
export interface DemoStudent {
  /** q4_k_m. */
  base: string;
  adapter: string;
  described: Pick<LanguageModelManifest, 'base' | 'chatTemplate' | 'templateOptions' | 'controlTokens' | 'contextTokens'>;
}

const PROMPTS = 50;

/** Trains and exports the demo's student as the GPU worker does; once, then it lies in the cache. */
export async function demoStudent(
  parts: LanguageModelParts,
  options: { cache: string; embedderFolder: string; log: Logger },
): Promise<DemoStudent> {
  const python = join(parts.trainer, 'bin', 'python');
  // A training that was interrupted goes on from its checkpoint.
  const work = join(options.cache, 'bench-student.work');
  mkdirSync(work, { recursive: true });
  const prompts = join(work, 'prompts.jsonl');
  writeFileSync(prompts, jsonl(testRows().slice(0, PROMPTS)));
  const source = { kind: 'folder', id: 'stillhouse-mini', path: parts.base };
  const inspected = await trainerCommand(python, 'inspect', {
    config: { base: source, rows: prompts, maxTokens: null },
    folder: work,
    expect: 'base',
  });
  const { id, digest, parameters, contextTokens, vocabulary, licence, chatTemplate, templateOptions, controlTokens, longestRowTokens } =
    inspected as unknown as LanguageModelManifest['base'] & DemoStudent['described'] & { longestRowTokens: number };
  const described = {
    base: { id, digest, parameters, contextTokens, vocabulary, licence },
    chatTemplate,
    templateOptions,
    controlTokens,
    contextTokens,
  };
  const kept = join(options.cache, `bench-student-${digest.slice(0, 16)}`);
  const files = { base: join(kept, 'base.q4_k_m.gguf'), adapter: join(kept, 'adapter.gguf') };
  if (existsSync(files.adapter)) return { ...files, described };

  const rows = Buffer.from(jsonl(curatedRows(await trainMessages(options.embedderFolder, options.log), 1)));
  writeFileSync(join(work, 'rows.jsonl'), rows);
  const device = { kind: 'cpu' as const, name: '', count: 1, memoryBytes: 8e9, freeBytes: 8e9, computeCapability: null, note: '' };
  const input = { training: {}, bondBeta: 0, bondGamma: 0, preference: 'best-of-n' as const, steps: null, rounds: 1, seed: 1 };
  const plan = defaultSettings(described.base, input, device, longestRowTokens);
  const config = {
    base: parts.base,
    baseDigest: digest,
    data: { path: join(work, 'rows.jsonl'), sha256: sha256Of(rows) },
    task: { kind: 'label' },
    labels: [],
    keepBest: 2,
    nSamples: 4,
    settings: { ...plan.settings, epochs: 0 },
    microBatchRows: plan.microBatchRows,
    rateFactor: 1,
    threads: 2,
    device: 'cpu',
    deviceLock: join(work, 'device.lock'),
    folder: work,
    attempt: 1,
  };
  console.error('student: training, about a minute');
  const { adapter } = await trainerCommand(python, 'train', { config, folder: work, expect: 'done' });
  const binaries = { converters: parts.converters, llamaBinaries: llamaBinaries() };
  const out = join(work, 'out');
  const exported = {
    base: parts.base,
    baseId: id,
    adapter,
    ...binaries,
    quantize: 'q4_k_m',
    out,
    prompts,
    device: 'cpu',
    threads: 2,
    merged: false,
  };
  await trainerCommand(python, 'export', { config: exported, folder: work, expect: 'exported' });
  renameSync(out, kept);
  rmSync(work, { recursive: true, force: true });
  return { ...files, described };
}

/**
 * Manifests of so many students on one base. All but the first differ from it in the lowest bits of one weight: files of
 * their own for the server, and the same work.
 */
export async function storeStudents(artifacts: ArtifactStore, student: DemoStudent, count: number): Promise<ArtifactRef[]> {
  const base = await artifacts.putFile('base.gguf', student.base);
  const manifests: ArtifactRef[] = [];
  for (let index = 0; index < count; index++) {
    const bytes = readFileSync(student.adapter);
    bytes[bytes.length - 2]! ^= index;
    const adapter = await artifacts.put(`adapter-${index}.gguf`, bytes);
    const manifest: LanguageModelManifest = {
      format: 'stillhouse-language-model/1',
      ...student.described,
      quantization: 'q4_k_m',
      served: { form: 'adapter', base, adapter },
      merged: null,
      peft: null,
      maxAnswerTokens: 16,
      task: 'label',
      labels: [],
      agreement: null,
      validationScore: null,
      card: null,
    };
    manifests.push(await artifacts.put(`student-${index}.json`, Buffer.from(JSON.stringify(manifest))));
  }
  return manifests;
}

function jsonl(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}
