import { existsSync } from 'node:fs';
import { StillhouseError } from '../../contracts/errors.ts';
import type { TrainerEvent } from '../../contracts/trainer.ts';
import { chooseStudent } from '../../core/students/student-name.ts';
import type { ResolvedBase } from './resolved-base.ts';
import type { StudentDeps } from './student-deps.ts';
import { trainerFailure } from './trainer-failure.ts';
import { runTrainer, type TrainerProgram } from './trainer-process.ts';

/** Id of the project's own small base. */
export const BUILT_IN_BASE = 'stillhouse-mini';
const GRACE_MS = 2_000;

/** As `resolveBase`, but what this worker has found once is taken as it was: starting Python takes seconds. */
export async function knownBase(deps: StudentDeps, program: TrainerProgram, student: string, signal: AbortSignal): Promise<ResolvedBase> {
  const known = deps.inspected.get(student);
  if (known && existsSync(known.folder)) return known;
  return resolveBase(deps, program, student, { rows: null, maxTokens: null }, signal);
}

/** Finds, fetches and checks the base of a student; where `rows` are given, measures the longest of them. */
export async function resolveBase(
  deps: StudentDeps,
  program: TrainerProgram,
  student: string,
  rows: { rows: string | null; maxTokens: number | null },
  signal: AbortSignal,
): Promise<ResolvedBase> {
  let found: Extract<TrainerEvent, { event: 'base' }> | null = null;
  const warnings: string[] = [];
  const config = { base: sourceOf(deps, student), ...rows };
  const onEvent = (event: TrainerEvent) => {
    if (event.event === 'base') found = event;
    if (event.event === 'warning') warnings.push(event.message);
  };
  const end = await runTrainer(program, { command: 'inspect', config, signal, graceMs: GRACE_MS, onEvent });
  signal.throwIfAborted();
  if (end.code !== 0 || found === null) throw trainerFailure(end);
  const { event: _, at: __, longestRowTokens, ...base } = found as Extract<TrainerEvent, { event: 'base' }>;
  const resolved = { ...base, longestRowTokens: longestRowTokens ?? 0, warnings };
  deps.inspected.set(student, resolved);
  return resolved;
}

function sourceOf(deps: StudentDeps, student: string): { kind: 'folder'; path: string; id: string } | { kind: 'hub'; id: string } {
  const choice = chooseStudent(student);
  switch (choice?.kind) {
    case 'built-in':
      return { kind: 'folder', path: deps.tools.base, id: BUILT_IN_BASE };
    case 'hub':
      return { kind: 'hub', id: choice.id };
    case 'configured': {
      const base = deps.bases.find(({ id }) => id === choice.id);
      if (base) return { kind: 'folder', path: base.path, id: base.id };
      const known = deps.bases.map(({ id }) => id).join(', ') || 'none';
      throw new StillhouseError(
        'not_found',
        `student: "${student}" is no name of the catalogue and no base of stillhouse.yaml (there: ${known}).`,
        { param: 'student' },
      );
    }
    case 'encoder':
    case 'hosted':
    case undefined:
      throw new StillhouseError('invalid_request', `student: "${student}" names no language model.`, { param: 'student' });
  }
}
