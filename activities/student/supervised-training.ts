import type { TrainStudentInput } from '../../contracts/language-model.ts';
import type { CheckpointMirror } from './checkpoint-mirror.ts';
import type { ResolvedBase } from './resolved-base.ts';
import type { StudentDeps } from './student-deps.ts';
import type { TrainerProgram } from './trainer-process.ts';
import type { TrainingTroubles } from './training-troubles.ts';

/** One training and what it works with. */
export interface Training {
  deps: StudentDeps;
  program: TrainerProgram;
  base: ResolvedBase;
  input: TrainStudentInput;
  folder: string;
  mirror: CheckpointMirror;
  troubles: TrainingTroubles;
}
