import { z } from 'zod';
import { Device } from './devices.ts';
import { ArtifactRef, Name, Sha256 } from './identifiers.ts';

/** Contracts of language-model students: what the GPU worker's stages pass on, and what a server needs to serve one. */

/** Forms of a GGUF file that a student is served in. */
export const QUANTIZATIONS = ['q4_k_m', 'q8_0', 'f16'] as const;
export type Quantization = (typeof QUANTIZATIONS)[number];

/** A base model as the trainer's `inspect` found it. */
export const InspectedBase = z.object({
  /** Hub id, the name of a configured folder, or `stillhouse-mini` for the project's own. */
  id: z.string(),
  /** SHA-256 over the names and hashes of its files. */
  digest: Sha256,
  parameters: z.number().int().positive(),
  /** Tokens that it can read and write together. */
  contextTokens: z.number().int().positive(),
  vocabulary: z.number().int().positive(),
  licence: z.string().nullable(),
});
export type InspectedBase = z.infer<typeof InspectedBase>;

/** Numbers that decide how a student is trained; every one is part of what names the result. */
export const TrainingSettings = z.strictObject({
  loraRank: z.number().int().min(1).max(512),
  loraAlpha: z.number().positive(),
  loraDropout: z.number().min(0).max(0.9),
  learningRate: z.number().positive().max(1),
  /** Share of the steps over which the rate rises. */
  warmupShare: z.number().min(0).max(0.5),
  weightDecay: z.number().min(0).max(1),
  clipNorm: z.number().positive(),
  /** Rows a step. */
  batchRows: z.number().int().positive(),
  /** Passes of phase one (NLL alone), at most: it ends when validation stops improving. */
  warmupEpochs: z.number().positive().max(1000),
  /** Passes of phase two, a round. */
  epochs: z.number().min(0).max(1000),
  /** Steps in all, at most; null: no limit. */
  steps: z.number().int().positive().nullable(),
  rounds: z.number().int().min(1).max(10),
  /** β: weight of the preference term, taken from the NLL's. 0 switches it off. */
  beta: z.number().min(0).max(1),
  /** γ: weight of KL(student ‖ anchor). 0 switches it off. */
  gamma: z.number().min(0).max(10),
  preference: z.enum(['best-of-n', 'dpo']),
  /** Samples a row of an on-policy round, and their temperature. */
  roundSamples: z.number().int().min(2).max(32),
  roundTemperature: z.number().positive().max(2),
  /** A row and its answer may have so many tokens. */
  maxTokens: z.number().int().positive(),
  dtype: z.enum(['float32', 'bfloat16']),
  fourBit: z.boolean(),
  gradientCheckpointing: z.boolean(),
  seed: z.number().int(),
});
export type TrainingSettings = z.infer<typeof TrainingSettings>;

/** What `checkStudent` settled on the device before the teacher is paid. */
export const CheckedStudent = z.object({
  base: InspectedBase,
  device: Device,
  settings: TrainingSettings,
  /** Rows a pass through the device; gradients of a step are summed over several. */
  microBatchRows: z.number().int().positive(),
  /** What serving is expected to take. */
  serveBytes: z.number(),
  longestRowTokens: z.number().int(),
  warnings: z.array(z.string()),
});
export type CheckedStudent = z.infer<typeof CheckedStudent>;

export const TrainStudentInput = z.object({
  project: z.string(),
  distillation: z.string(),
  runId: z.string(),
  /** The name in `distil`'s input. */
  student: z.string(),
  checked: CheckedStudent,
  curated: ArtifactRef,
  task: z.enum(['label', 'json', 'text']),
  keepBest: z.number().int(),
  nSamples: z.number().int(),
});
export type TrainStudentInput = z.infer<typeof TrainStudentInput>;

/** Input of the workflow `trial`: the number of the trial, from 0, and its training. */
export const TrialInput = z.strictObject({ trial: z.number().int().nonnegative(), training: TrainStudentInput });

export interface TrainStudentResult {
  /** `TrainedStudent` as JSON; the adapter's files lie beside it. */
  trained: ArtifactRef;
  steps: number;
  epochs: number;
  trainRows: number;
  validationRows: number;
  /** Share of validation rows that the exported checkpoint answers as the teacher does, greedily. */
  validationScore: number;
  /** The same after phase one (NLL alone). */
  warmupScore: number;
  /** What the loss was made of, at the end. */
  terms: Record<string, number>;
  tokensPerSecond: number;
  trainSeconds: number;
  /** Times that it went on from a checkpoint. */
  resumed: number;
  microBatchRows: number;
  /** 0.5 after a step that was not finite, else 1. */
  rateFactor: number;
}

/** What `trainStudent` leaves and `exportStudent` reads. */
export const TrainedStudent = z.object({
  format: z.literal('stillhouse-trained-student/1'),
  base: InspectedBase,
  settings: TrainingSettings,
  curated: ArtifactRef,
  /** PEFT's own files. */
  adapter: z.object({ config: ArtifactRef, weights: ArtifactRef }),
  step: z.number().int(),
  validationScore: z.number(),
  warmupScore: z.number(),
});
export type TrainedStudent = z.infer<typeof TrainedStudent>;

/** What a language-model student is: all that a server needs, wherever it runs. */
export const LanguageModelManifest = z.object({
  format: z.literal('stillhouse-language-model/1'),
  base: InspectedBase,
  /** Of the base that is served; null where the student is one merged file. */
  quantization: z.enum(QUANTIZATIONS).nullable(),
  served: z.discriminatedUnion('form', [
    /** Many adapters share one loaded base. */
    z.object({ form: z.literal('adapter'), base: ArtifactRef, adapter: ArtifactRef }),
    /** One file of its own, such as an imported GGUF. */
    z.object({ form: z.literal('merged'), model: ArtifactRef }),
  ]),
  /** For use elsewhere: the merged GGUF, and PEFT's adapter. Null where it was not made (`quantize: null`) or is not there (an import). */
  merged: ArtifactRef.nullable(),
  peft: z.object({ config: ArtifactRef, weights: ArtifactRef }).nullable(),
  /** Jinja, with what is passed to it beside the messages. */
  chatTemplate: z.string(),
  templateOptions: z.record(z.string(), z.union([z.string(), z.boolean(), z.null()])),
  /** Texts that the tokenizer reads as control tokens: in a message they are text. */
  controlTokens: z.array(z.string()),
  contextTokens: z.number().int().positive(),
  /** Default of `max_tokens`: twice the longest answer in training, at least 16. */
  maxAnswerTokens: z.number().int().positive(),
  task: z.enum(['label', 'json', 'text']).nullable(),
  labels: z.array(z.string()),
  /** How the served form agrees with the trained model on held-out prompts. */
  agreement: z.object({ prompts: z.number().int(), tokens: z.number().int(), top1: z.number() }).nullable(),
  validationScore: z.number().nullable(),
  /** The model card, Markdown. */
  card: ArtifactRef.nullable(),
});
export type LanguageModelManifest = z.infer<typeof LanguageModelManifest>;

export interface ExportStudentInput {
  project: string;
  distillation: string;
  /** The name in `distil`'s input: the base is found by it. */
  student: string;
  trained: ArtifactRef;
  /** null: the base is served in 16 bits, and no merged GGUF is made. */
  quantize: Quantization | null;
  task: 'label' | 'json' | 'text';
  labels: string[];
  lineage: { dataset: string; datasetVersion: number; datasetHash: string; teacher: string; usedGold: boolean };
}

export interface ExportStudentResult {
  manifest: ArtifactRef;
  labels: string[];
  base: { id: string; digest: string };
  /** Held-out prompts, and the positions of answers compared on them. */
  comparedPrompts: number;
  comparedTokens: number;
  /** Share of positions where the served form's likeliest token is the trained model's. */
  top1: number;
  servedBytes: number;
}

/** One measured step of a training: a fact, appended by the attempt that made it. */
export const TrainingPoint = z.object({
  at: z.iso.datetime(),
  attempt: z.number().int(),
  step: z.number().int(),
  totalSteps: z.number().int(),
  epoch: z.number(),
  phase: z.string(),
  /** `loss`, `nll`, `preference`, `kl`, `gradNorm`, `learningRate`, `tokensPerSecond`, `validationScore`, … */
  terms: z.record(z.string(), z.number()),
});
export type TrainingPoint = z.infer<typeof TrainingPoint>;

/** A place where students are served: `STILLHOUSE_STUDENT_URLS` names the default, `local`; `stillhouse.yaml` others. */
export const StudentServerConfig = z.strictObject({
  id: Name,
  kind: z.enum(['student-server', 'vllm', 'llama-server']),
  baseUrl: z.url({ protocol: /^https?$/ }),
  apiKeyEnv: z.string().optional(),
  /** vLLM and llama-server read adapters from a disk of theirs: where this machine writes them, and as they see it. */
  adapterFolder: z.strictObject({ here: z.string(), there: z.string() }).optional(),
});
export type StudentServerConfig = z.infer<typeof StudentServerConfig>;

/** A base model on the workers' disks, by a name that callers use: paths come from the configuration only. */
export const BaseConfig = z.strictObject({ id: Name, path: z.string().min(1), licence: z.string().optional() });
export type BaseConfig = z.infer<typeof BaseConfig>;
