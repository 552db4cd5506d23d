import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { isStillhouseError, StillhouseError } from '../contracts/errors.ts';
import type { ArtifactRef } from '../contracts/identifiers.ts';
import {
  type ExportStudentInput,
  type ExportStudentResult,
  LanguageModelManifest,
  type Quantization,
  TrainedStudent,
} from '../contracts/language-model.ts';
import type { TrainerEvent } from '../contracts/trainer.ts';
import { contentHash } from '../platform/content-hash.ts';
import { publishOnce } from './encoder/encoder-deps.ts';
import { type Pulse, withHeartbeat } from './heartbeat.ts';
import { knownBase } from './student/base.ts';
import { compareServed } from './student/compare-served.ts';
import { type HeldOutRow, heldOutRows } from './student/held-out-rows.ts';
import { modelCard } from './student/model-card.ts';
import { llamaBinaries } from './student/llama-binaries.ts';
import type { StudentDeps } from './student/student-deps.ts';
import { preparedTools } from './student/tools.ts';
import { TRAINER_SOURCE, trainerVersion } from './student/training.ts';
import { trainerFailure } from './student/trainer-failure.ts';
import { runTrainer } from './student/trainer-process.ts';

/** Merging and converting a large base takes minutes and says nothing meanwhile. */
const STALL_MS = 60 * 60_000;
const GRACE_MS = 3_000;
/** Prompts that are answered both ways. */
const COMPARED = 48;
const FEWEST_MAX_TOKENS = 16;

type Exported = Extract<TrainerEvent, { event: 'exported' }>;

export type ExportStudentActivity = ReturnType<typeof createExportStudentActivity>;

export function createExportStudentActivity(deps: StudentDeps) {
  return {
    /**
     * Turns a trained adapter into what is served, and accepts it only where the engine that will serve it reads the same
     * tokens and agrees with the trained model. Safe to retry because files are named by what they are made of, what is there
     * is taken, and the manifest, which makes it count, is written last.
     */
    exportStudent: (input: ExportStudentInput): Promise<ExportStudentResult> =>
      withHeartbeat(STALL_MS, (pulse) => exportStudent(deps, input, pulse)),
  };
}

async function exportStudent(deps: StudentDeps, input: ExportStudentInput, pulse: Pulse): Promise<ExportStudentResult> {
  const { artifacts } = deps;
  const trained = TrainedStudent.parse(JSON.parse((await artifacts.get(input.trained)).toString('utf8')));
  const version = await trainerVersion();
  const { quantize, task, labels, lineage } = input;
  const hash = contentHash({ version, trained: input.trained.sha256, quantize, task, labels, lineage });
  const prefix = `students/${input.project}/${hash.slice(0, 32)}`;
  const published = await artifacts.find(`${prefix}/export.json`);
  if (published) return JSON.parse((await artifacts.get(published)).toString('utf8')) as ExportStudentResult;

  const folder = join(deps.temporaryFolder, `export-${randomUUID()}`);
  try {
    const made = await convert(deps, input, trained, folder, pulse);
    const { manifest, comparison, servedBytes } = await accept(deps, { input, trained, prefix, folder, ...made }, pulse);
    const result: ExportStudentResult = {
      manifest,
      labels,
      base: { id: trained.base.id, digest: trained.base.digest },
      comparedPrompts: comparison.prompts,
      comparedTokens: comparison.tokens,
      top1: comparison.top1,
      servedBytes,
    };
    await publishOnce(artifacts, `${prefix}/export.json`, result);
    return result;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Has the trainer make the files. */
async function convert(deps: StudentDeps, input: ExportStudentInput, trained: TrainedStudent, folder: string, pulse: Pulse) {
  const { artifacts } = deps;
  const tools = await preparedTools(deps, pulse);
  const program = {
    python: tools.python,
    source: TRAINER_SOURCE,
    temporaryFolder: deps.temporaryFolder,
    env: deps.tools.env,
    log: deps.log,
  };
  const base = await knownBase(deps, program, input.student, pulse.signal);
  if (base.digest !== trained.base.digest)
    throw new StillhouseError('conflict', `The base "${base.id}" is not the one that the student was trained on.`);
  const adapter = join(folder, 'adapter');
  await mkdir(adapter, { recursive: true });
  await writeFile(join(adapter, 'adapter_config.json'), await artifacts.get(trained.adapter.config));
  await writeFile(join(adapter, 'adapter_model.safetensors'), await artifacts.get(trained.adapter.weights));
  const { heldOut, longestAnswer } = await heldOutRows(artifacts, trained.curated, COMPARED);
  const prompts = join(folder, 'prompts.jsonl');
  await writeFile(prompts, heldOut.map((row) => JSON.stringify(row)).join('\n'));
  let exported: Exported | null = null;
  const config = {
    base: base.folder,
    baseId: base.id,
    adapter,
    converters: tools.converters,
    llamaBinaries: llamaBinaries(),
    quantize: input.quantize,
    out: join(folder, 'out'),
    prompts,
    device: 'cpu',
    threads: availableParallelism(),
    merged: input.quantize !== null,
    skipBase: await artifacts.has(baseKey(trained, input.quantize)),
  };
  const onEvent = (event: TrainerEvent) => {
    if (event.event === 'exported') exported = event;
    pulse.progress({ step: 'convert' });
  };
  const end = await runTrainer(program, { command: 'export', config, signal: pulse.signal, graceMs: GRACE_MS, onEvent });
  pulse.signal.throwIfAborted();
  if (end.code !== 0 || exported === null) throw trainerFailure(end);
  return { exported: exported as Exported, heldOut, longestAnswer };
}

/** Stores the files, and the manifest once the served form has proved itself. */
async function accept(
  deps: StudentDeps,
  made: {
    input: ExportStudentInput;
    trained: TrainedStudent;
    prefix: string;
    folder: string;
    exported: Exported;
    heldOut: HeldOutRow[];
    longestAnswer: number;
  },
  pulse: Pulse,
) {
  const { artifacts } = deps;
  const { input, trained, prefix, folder, exported } = made;
  const { quantize, task, labels } = input;
  const out = (name: string) => join(folder, 'out', name);
  const has = (name: string) => exported.files.some((file) => file.name === name);
  const base = await sharedBase(artifacts, baseKey(trained, quantize), has(baseName(quantize)) ? out(baseName(quantize)) : null);
  const adapter = await artifacts.putFile(`${prefix}/adapter.gguf`, out('adapter.gguf'));
  const mergedName = `merged.${quantize ?? 'f16'}.gguf`;
  const merged = has(mergedName) ? await artifacts.putFile(`${prefix}/${mergedName}`, out(mergedName)) : null;
  const draft: LanguageModelManifest = {
    format: 'stillhouse-language-model/1',
    base: trained.base,
    quantization: quantize ?? 'f16',
    served: { form: 'adapter', base, adapter },
    merged,
    peft: trained.adapter,
    chatTemplate: exported.chatTemplate,
    templateOptions: exported.templateOptions,
    controlTokens: exported.controlTokens,
    contextTokens: exported.contextTokens,
    maxAnswerTokens: Math.max(FEWEST_MAX_TOKENS, 2 * made.longestAnswer),
    task,
    labels,
    agreement: null,
    validationScore: trained.validationScore,
    card: null,
  };
  const provisional = await putManifest(artifacts, prefix, 'draft', draft);
  const comparison = await compareServed(
    deps,
    { manifest: provisional, reference: out('reference.jsonl'), quantize, rows: made.heldOut },
    pulse,
  );
  const accepted = { ...draft, agreement: comparison };
  const card = await artifacts.put(`${prefix}/README.md`, Buffer.from(modelCard(accepted, trained, input)));
  return {
    manifest: await putManifest(artifacts, prefix, 'manifest', { ...accepted, card }),
    comparison,
    servedBytes: base.bytes + adapter.bytes,
  };
}

function putManifest(artifacts: StudentDeps['artifacts'], prefix: string, name: string, manifest: LanguageModelManifest) {
  return artifacts.put(
    `${prefix}/${name}-${contentHash(manifest).slice(0, 16)}.json`,
    Buffer.from(JSON.stringify(LanguageModelManifest.parse(manifest))),
  );
}

/** A base is shared by all students on it; one that another export has stored already stands, whichever release converted it. */
async function sharedBase(artifacts: StudentDeps['artifacts'], key: string, path: string | null): Promise<ArtifactRef> {
  const there = await artifacts.find(key);
  if (there) return there;
  try {
    return await artifacts.putFile(key, path!);
  } catch (error) {
    const other = isStillhouseError(error, 'conflict') ? await artifacts.find(key) : null;
    if (other) return other;
    throw error;
  }
}

const baseKey = ({ base }: TrainedStudent, quantize: Quantization | null) => `bases/${base.digest.slice(0, 32)}/${quantize ?? 'f16'}.gguf`;
const baseName = (quantize: Quantization | null) => `base.${quantize ?? 'f16'}.gguf`;
