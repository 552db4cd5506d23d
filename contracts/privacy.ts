import { z } from 'zod';

/** What is looked for in texts without being told how it looks; `image`: pictures that a request carries in itself. */
export const DETECTORS = ['email', 'phone', 'card', 'secret', 'image'] as const;
export type Detector = (typeof DETECTORS)[number];

const share = z.number().min(0).max(1);
const mask = z.array(z.enum(DETECTORS)).max(DETECTORS.length);

/** A pattern of the project's own, in RE2's syntax (no look-around, no back-references); `[name]` stands for what it finds. */
const OwnPattern = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/, 'must be lower-case letters, digits, "-" and "_", at most 32'),
  pattern: z.string().min(1).max(500),
});
export type OwnPattern = z.infer<typeof OwnPattern>;

/** A member's name, or the end of a path of names: `ssn`, `customer.email`, `metadata.account`. Lists are no part of it. */
const Field = z
  .string()
  .max(200)
  .regex(/^[^.\s]+(\.[^.\s]+)*$/, 'must be a name, or names with dots between them');

/** What of a project's calls is written to a disk. The caller's answer is never touched. */
export const Privacy = z.strictObject({
  /** Share of the calls whose bodies are stored, chosen by the hash of the trace's id. */
  storeBodies: share.default(1),
  mask: mask.default([]),
  patterns: z.array(OwnPattern).max(16).default([]),
  /** Members of requests, answers, metadata and tools' arguments whose value is not stored. */
  fields: z.array(Field).max(64).default([]),
});
export type Privacy = z.infer<typeof Privacy>;
