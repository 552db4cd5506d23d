import { z } from 'zod';

/** Names people choose (aliases, datasets, distillations, students, projects): letters, digits, `.`, `_`, `-`, at most 64; no slash, since a slash makes a target. */
export const Name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 letters, digits, ".", "_" or "-", beginning with a letter or digit');

/** What an alias points to: `provider/model`, `student/<name>` or `router/<name>`. A model may hold further slashes. */
export const Target = z
  .string()
  .max(256)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*\/\S+$/, 'must be "provider/model", "student/<name>" or "router/<name>"');

export type ParsedTarget =
  | { kind: 'provider'; provider: string; model: string }
  | { kind: 'student'; name: string }
  | { kind: 'router'; name: string };

/** Splits a target at its first slash into who answers it (`student` and `router` too) and what it is called there; null where it is none. */
export function splitTarget(target: string): { provider: string; model: string } | null {
  const slash = target.indexOf('/');
  if (slash <= 0 || slash === target.length - 1) return null;
  return { provider: target.slice(0, slash), model: target.slice(slash + 1) };
}

/** What kind of target it is, and its parts; null where it is none. */
export function parseTarget(target: string): ParsedTarget | null {
  const split = splitTarget(target);
  if (!split) return null;
  const { provider, model } = split;
  return provider === 'student' || provider === 'router' ? { kind: provider, name: model } : { kind: 'provider', provider, model };
}

/** A SHA-256 in lower-case hexadecimal. */
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hexadecimal');

/** A reference to something big in the artifact store: what passes through Temporal instead of the thing. */
export const ArtifactRef = z.object({
  /** Key within the artifact store, without its root. */
  key: z.string(),
  sha256: Sha256,
  bytes: z.number().int().nonnegative(),
  /** Lines, where it is JSONL. */
  rows: z.number().int().nonnegative().optional(),
});
export type ArtifactRef = z.infer<typeof ArtifactRef>;
