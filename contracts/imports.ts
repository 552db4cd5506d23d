import type { Privacy } from './privacy.ts';
import { z } from 'zod';

/** Logs that can be imported; `auto` finds out by each line. */
export const IMPORT_FORMATS = ['auto', 'openai', 'langfuse', 'litellm', 'helicone', 'opentracy', 'stillhouse'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

/** What is imported, and how. */
export const ImportQuery = z.object({
  format: z.enum(IMPORT_FORMATS).default('auto'),
  /** ISO 8601: when calls were made of which the file does not say it. */
  at: z.iso.datetime({ offset: true }).optional(),
  /** Read a file anew that has been imported before. */
  again: z.enum(['true', 'false']).optional(),
});
export type ImportQuery = z.infer<typeof ImportQuery>;

/** Problems that are named; all are counted. */
export const NAMED_PROBLEMS = 1000;

/** How an import stands, or ended. Each line of the file is in exactly one of the counts, blank ones in none. */
export const TraceImport = z.object({
  /** From the hash of the file, its format and its time: the same again is the same import. */
  name: z.string(),
  format: z.enum(IMPORT_FORMATS),
  at: z.string().nullable(),
  status: z.enum(['waiting', 'running', 'completed', 'failed']),
  /** Lines read, blank ones too. */
  lines: z.number(),
  imported: z.number(),
  /** Stored already, or twice in the file. */
  known: z.number(),
  /** No calls of models: spans, events. */
  skipped: z.number(),
  refused: z.number(),
  /** The first thousand that were refused. */
  problems: z.array(z.object({ line: z.number(), reason: z.string() })),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  error: z.string().nullable(),
});
export type TraceImport = z.infer<typeof TraceImport>;

/** One file that waits to be imported. */
export interface WaitingImport {
  name: string;
  format: ImportFormat;
  /** ISO 8601. */
  at: string | null;
  /** ISO 8601: calls before it are kept no longer. */
  keptSince: string | null;
  /** What of the calls is stored; absent or null: everything as it is. */
  privacy?: Privacy | null;
  /** ISO 8601: when it was asked for. */
  startedAt: string;
}

/** An import of which nothing is known yet. */
export function blankImport({ name, format, at, startedAt }: WaitingImport): TraceImport {
  const counts = { lines: 0, imported: 0, known: 0, skipped: 0, refused: 0, problems: [] };
  return { name, format, at, status: 'waiting', ...counts, startedAt, endedAt: null, error: null };
}
