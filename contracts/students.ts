import { z } from 'zod';
import { Device } from './devices.ts';
import { DistilInput } from './distil.ts';
import { Name, Sha256 } from './identifiers.ts';

/** Body of `POST /api/estimate`: a distillation's request, and the device to train on; default: this machine's processor. */
export const EstimateRequest = DistilInput.extend({ project: Name.optional(), device: Device.optional() });
export type EstimateRequest = z.input<typeof EstimateRequest>;

/** What a student can be called, and the base that it is trained on. */
export const StudentBase = z.object({
  /** What `student` takes. */
  name: z.string(),
  family: z.string(),
  kind: z.enum(['encoder', 'language-model', 'hosted']),
  /** Hub id, target of a provider's model, or the id of a configured or built-in base; null for an encoder. */
  base: z.string().nullable(),
  parameters: z.number().nullable(),
  licence: z.string().nullable(),
  /** The hub wants its terms accepted, and a token. */
  gated: z.boolean(),
  contextTokens: z.number().nullable(),
  /** Tasks that it is big enough for: `label`, `json`, `text`, `long`. */
  taskFloor: z.array(z.string()),
  /** Memory to train it on one row of 512 tokens at a time, in 16 and 4 bit; null where its size is not known. */
  trainBytes: z.object({ bits16: z.number(), bits4: z.number() }).nullable(),
});
export type StudentBase = z.infer<typeof StudentBase>;

/** What a distillation would take. Null: it can't be said before a worker has looked at the base. */
export const Estimate = z.object({
  student: StudentBase,
  device: Device,
  /** Where the device was taken from, in words. */
  deviceSource: z.string(),
  teacher: z.string(),
  /** Calls of the teacher, if nothing that was asked before is used again. */
  calls: z.number().int(),
  /** `expected` by the mean tokens of the recorded calls; `most` by the longest, never above `maxUsd`. Null: no price. */
  teacherUsd: z.object({ expected: z.number().nullable(), most: z.number().nullable() }),
  /** Of training, within a factor of about two. */
  hours: z.number().nullable(),
  /** Those hours at the device's price; of a hosted student its provider's price of the tuning. */
  deviceUsd: z.number().nullable(),
  vramBytes: z.object({ train16: z.number().nullable(), train4: z.number().nullable(), serve: z.number().nullable() }),
  diskBytes: z.number().nullable(),
  /** Test rows that decide with a power of 80 %, and those that there are (near-duplicates count once). */
  rowsNeeded: z.number().int(),
  testRows: z.number().int(),
  fits: z.boolean(),
  /** Why it does not fit; empty where it does. */
  reason: z.string(),
  warnings: z.array(z.string()),
});
export type Estimate = z.infer<typeof Estimate>;

/** A file of a student, to be downloaded. */
export const StudentFile = z.object({ file: z.string(), bytes: z.number().int(), sha256: Sha256, about: z.string() });
export type StudentFile = z.infer<typeof StudentFile>;

/** Files that a model may be made of; `floats` are a Stillhouse encoder's numbers (32 bit, little endian). */
export const MODEL_FILE_KINDS = ['gguf', 'safetensors', 'json', 'floats'] as const;
export type ModelFileKind = (typeof MODEL_FILE_KINDS)[number];

/** `POST /api/students/{name}/files` answer: what came, by the hash of its content. */
export const UploadedModelFile = z.object({
  kind: z.enum(MODEL_FILE_KINDS),
  sha256: Sha256,
  bytes: z.number().int(),
});
export type UploadedModelFile = z.infer<typeof UploadedModelFile>;

/** Body of `POST /api/students`: a model that was trained elsewhere, of files that were uploaded before. */
export const StudentImport = z.strictObject({
  name: Name,
  model: z.discriminatedUnion('form', [
    /** A whole model; template, context and control tokens are read from it. */
    z.strictObject({ form: z.literal('gguf'), model: Sha256 }),
    /** A LoRA adapter as GGUF, upon the base of a student that is here. PEFT's own files may come with it. */
    z.strictObject({ form: z.literal('adapter'), adapter: Sha256, config: Sha256.optional(), weights: Sha256.optional() }),
    /** A Stillhouse encoder: its manifest, and the files that it names. */
    z.strictObject({ form: z.literal('encoder'), manifest: Sha256 }),
  ]),
  /** An adapter's base: a student of this project that stands on it, or the base's id. Default: what its own file names. */
  base: z.string().min(1).max(200).optional(),
  labels: z.array(z.string()).max(10_000).default([]),
});
export type StudentImport = z.infer<typeof StudentImport>;

/** Body of `PUT /api/students/{name}/placement`: a student server's id; null: `local`. */
export const StudentPlacement = z.strictObject({ server: Name.nullable() });
