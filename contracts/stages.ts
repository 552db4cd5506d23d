import { z } from 'zod';
import { ArtifactRef, Sha256 } from './identifiers.ts';
import { Message } from './chat.ts';
import type { Evaluation } from './distil.ts';

/**
 * Contracts between the stages of `distil`. Whatever holds customers' text is an artifact; only references, counts
 * and numbers pass through Temporal.
 */

/** A usable sample of a row with its grade: higher is better, and only a row's own candidates compare. */
export const Candidate = z.object({ text: z.string(), score: z.number() });
export type Candidate = z.infer<typeof Candidate>;

/** One line of the curated JSONL: a train or validation row with what its candidates came to. */
export const CuratedRow = z.object({
  rowId: z.string(),
  group: z.string(),
  split: z.enum(['train', 'validation']),
  messages: z.array(Message),
  /** Label tasks: how many of the samples (the recorded trace included) gave each answer. Empty: unlabelled row of the same traffic. */
  votes: z.record(z.string(), z.number()),
  /** Kept answers, best first, at most `keepBest`. */
  best: z.array(z.string()),
  /** The worst candidate where candidates differ, for preference losses. */
  worst: z.string().nullable(),
  /** Share of the samples that agree with the first of `best`. */
  agreement: z.number(),
  /** Why the row teaches nothing; null where it does. */
  dropped: z.string().nullable(),
  /** json tasks: each usable sample, equal ones too, with its mean field-level F1 with the others. Elsewhere votes say it all. */
  candidates: z.array(Candidate).optional(),
});
export type CuratedRow = z.infer<typeof CuratedRow>;

export interface TrainEncoderInput {
  project: string;
  distillation: string;
  curated: ArtifactRef;
  labels: string[];
  seed: number;
}

export interface TrainEncoderResult {
  /** `TrainedEncoder` as JSON; the head's numbers lie beside it. */
  trained: ArtifactRef;
  validationAccuracy: number;
  trainRows: number;
  unlabelledRows: number;
  cleanedRows: number;
  /** Settings that validation picked, for the report. */
  settings: Record<string, string | number | boolean>;
  embedSeconds: number;
  trainSeconds: number;
}

/** What an exported encoder student is: everything a server needs beside the embedder. */
export const EncoderManifest = z.object({
  format: z.literal('stillhouse-encoder/1'),
  /** What is read of a request. */
  input: z.literal('last-user-text'),
  embedder: z.object({ sha256: Sha256, name: z.string(), dimensions: z.number().int(), maxTokens: z.number().int() }),
  labels: z.array(z.string()),
  /** Float32, little endian, `labels.length` rows of `dimensions` weights and one bias. */
  head: ArtifactRef,
  temperature: z.number(),
  /** Average with the k nearest training rows, where validation says that it helps. */
  neighbours: z
    .object({
      k: z.number().int(),
      /** Weight of the neighbours' vote in the average, 0 to 1. */
      weight: z.number(),
      /** Temperature of the cosine in the vote. */
      cosineTemperature: z.number(),
      /** Float32 rows of `dimensions`, L2-normalised. */
      vectors: ArtifactRef,
      /** Float32 rows of `labels.length`: each vector's label distribution. */
      votes: ArtifactRef,
      rows: z.number().int(),
    })
    .nullable(),
  /** Encoder and head as one self-contained ONNX graph (without neighbours). */
  onnx: ArtifactRef.nullable(),
  validationAccuracy: z.number(),
});
export type EncoderManifest = z.infer<typeof EncoderManifest>;

export interface ExportEncoderInput {
  project: string;
  distillation: string;
  trained: ArtifactRef;
}

export interface ExportEncoderResult {
  manifest: ArtifactRef;
  labels: string[];
  embedderSha256: string;
  /** Rows compared after loading again, and the largest difference of a probability. */
  compared: number;
  maxDifference: number;
}

/** What a test row lacked and the teacher was asked for. */
export const FreshAnswers = z.object({
  rowId: z.string(),
  /** Majority of fresh samples, where there is no gold. */
  reference: z.string().optional(),
  /** Its answer, where the recorded one is another target's or a person's. */
  teacher: z.string().optional(),
  /** What that answer cost (null: unknown) and how long it took; its trace may still be on its way. */
  costUsd: z.number().nullable().optional(),
  latencyMs: z.number().optional(),
});
export type FreshAnswers = z.infer<typeof FreshAnswers>;

/** Of encoders and language models alike. */
export interface EvaluateStudentInput {
  project: string;
  distillation: string;
  manifest: ArtifactRef;
  dataset: { name: string; version: number; hash: string };
  teacher: string;
  marginPoints: number;
  /** What the teacher was asked for the test rows (JSONL of `FreshAnswers`); null where each has gold and a recorded answer. */
  references: ArtifactRef | null;
  /** Answers of a json task are compared by value. Default: label. */
  task?: 'label' | 'json';
  /** US dollars per CPU core and hour, for the student's price. */
  usdPerCoreHour: number;
}

export interface EvaluateStudentResult {
  evaluation: Evaluation;
}
