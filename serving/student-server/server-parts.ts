import type { HttpBindings } from '@hono/node-server';
import type { Logger } from '../../platform/logger.ts';
import type { LanguageModelEngine } from '../language-model/engine-contract.ts';
import type { GuardOptions } from './guard.ts';
import type { ServedStudents } from './served-students.ts';
import type { ServerMetrics } from './server-metrics.ts';

/** Hono's context of a request over HTTP. */
export type StudentServerContext = { Bindings: HttpBindings };

/** What the student server's routes work with. */
export interface StudentServerParts {
  engine: LanguageModelEngine;
  students: ServedStudents;
  metrics: ServerMetrics;
  guard: GuardOptions;
  maxBodyBytes: number;
  /** Whether the server is stopping: calls in work end, new ones go elsewhere. */
  draining: () => boolean;
  now: () => number;
  log: Logger;
}
