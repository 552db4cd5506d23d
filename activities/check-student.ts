import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { StillhouseError } from '../contracts/errors.ts';
import type { DistilInput } from '../contracts/distil.ts';
import type { CheckedStudent } from '../contracts/language-model.ts';
import { shapeOf } from '../core/students/base-shape.ts';
import { defaultSettings } from '../core/students/default-settings.ts';
import { fitStudent, taskFloorWarning } from '../core/students/fit-student.ts';
import { servingBytes } from '../core/students/memory.ts';
import { createDeviceProbeActivity } from './device-probe.ts';
import { rowPages } from './distil/row-pages.ts';
import type { RunPlan } from './distil/run-plan.ts';
import { type Pulse, withHeartbeat } from './heartbeat.ts';
import { resolveBase } from './student/base.ts';
import type { StudentDeps } from './student/student-deps.ts';
import { preparedTools } from './student/tools.ts';
import { TRAINER_SOURCE } from './student/training.ts';

/** Fetching a large base takes the hub's time; waiting for the environment's build, some minutes. */
const STALL_MS = 2 * 3600_000;
/** A context beyond this is not served by default: memory grows with it. */
const SERVED_TOKENS = 4096;
/** Requests of one student that are computed together. */
const SERVED_SEQUENCES = 4;

/** Planned run and what it is asked to train. */
export interface CheckStudentInput {
  plan: RunPlan;
  input: DistilInput;
}

export type CheckStudentActivity = ReturnType<typeof createCheckStudentActivity>;

export function createCheckStudentActivity(deps: StudentDeps) {
  const { deviceProbe } = createDeviceProbeActivity({ device: deps.device });
  return {
    /**
     * Finds the base, fetches it, measures the rows with its tokenizer and refuses, with numbers, what can't be trained on
     * this device, before the teacher is paid. Safe to retry because it only reads and fills caches that are checked by hash.
     */
    checkStudent: ({ plan, input }: CheckStudentInput): Promise<CheckedStudent> =>
      withHeartbeat(STALL_MS, async (pulse) => {
        const device = await deviceProbe();
        const tools = await preparedTools(deps, pulse);
        const program = {
          python: tools.python,
          source: TRAINER_SOURCE,
          temporaryFolder: deps.temporaryFolder,
          env: deps.tools.env,
          log: deps.log,
        };
        const rows = await writeRows(deps, plan, pulse);
        try {
          const measured = { rows, maxTokens: input.training.maxTokens ?? null };
          const {
            folder: _,
            longestRowTokens,
            warnings,
            ...base
          } = await resolveBase(deps, program, input.student, measured, pulse.signal);
          const misfit = fitStudent(base, input, device, longestRowTokens);
          if (misfit) throw new StillhouseError('invalid_request', `student: ${misfit}`, { param: 'student' });
          const { settings, microBatchRows } = defaultSettings(base, input, device, longestRowTokens);
          const small = taskFloorWarning(input.student, base.parameters, plan.task.kind);
          return {
            base,
            device,
            settings,
            microBatchRows,
            serveBytes: servingBytes(shapeOf(base), input.quantize, {
              tokens: Math.min(base.contextTokens, SERVED_TOKENS),
              sequences: SERVED_SEQUENCES,
              loraRank: settings.loraRank,
            }),
            longestRowTokens,
            warnings: [...warnings, ...(small ? [small] : [])],
          };
        } finally {
          await rm(rows, { force: true });
        }
      }),
  };
}

/** The rows as the trainer measures them; returns the file's path. */
async function writeRows(deps: StudentDeps, plan: RunPlan, pulse: Pulse): Promise<string> {
  await mkdir(deps.temporaryFolder, { recursive: true });
  const path = join(deps.temporaryFolder, `${randomUUID()}.jsonl`);
  async function* lines() {
    for (const split of ['train', 'validation', 'test'] as const)
      for await (const rows of rowPages(deps.clickhouse, plan, split)) {
        pulse.signal.throwIfAborted();
        for (const { rowId, messages, reference } of rows) yield `${JSON.stringify({ rowId, messages, answer: reference })}\n`;
        pulse.progress();
      }
  }
  await pipeline(lines, createWriteStream(path, { flags: 'wx' }));
  return path;
}
