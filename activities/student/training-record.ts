import type { TrainingPoint, TrainStudentInput } from '../../contracts/language-model.ts';
import type { TrainerEvent } from '../../contracts/trainer.ts';
import { appendTrainingPoints } from '../../store/clickhouse/training-metrics.ts';
import type { StudentDeps } from './student-deps.ts';

/** Points go to ClickHouse together. */
const FLUSH_MS = 2_000;

/** Writes down what a trainer says while it runs. What can't be written is said and does not hold up the training. */
export class TrainingRecord {
  /** How far it is, for people. */
  details: Record<string, number | string> = {};
  readonly #deps: StudentDeps;
  readonly #run: Pick<TrainStudentInput, 'project' | 'distillation' | 'runId'>;
  readonly #attempt: number;
  readonly #flushing: NodeJS.Timeout;
  #totalSteps = 0;
  #points: TrainingPoint[] = [];
  /** One after the other, in order. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(deps: StudentDeps, { project, distillation, runId }: TrainStudentInput, attempt: number) {
    this.#deps = deps;
    this.#run = { project, distillation, runId };
    this.#attempt = attempt;
    this.#flushing = setInterval(() => this.#flush(), FLUSH_MS);
  }

  hear(event: TrainerEvent): void {
    if (event.event === 'start' || event.event === 'step') this.#totalSteps = event.totalSteps;
    if (event.event === 'start') this.details = { step: event.resumedFrom, totalSteps: this.#totalSteps };
    else if (event.event === 'step') {
      const { step, epoch, phase, terms } = event;
      this.details = { ...this.details, step, totalSteps: this.#totalSteps, phase };
      this.#point(event.at, { step, epoch, phase, terms });
    } else if (event.event === 'validation') {
      const { step, phase, score, nll } = event;
      this.#point(event.at, { step, epoch: 0, phase, terms: { validationScore: score, validationNll: nll } });
    } else if (event.event === 'checkpoint') this.details = { ...this.details, checkpoint: event.step };
    else if (event.event === 'warning') this.#deps.log.warn({ distillation: this.#run.distillation }, event.message);
  }

  /** Writes something after all that came before it. */
  store(what: string, work: () => Promise<void>): void {
    this.#writing = this.#writing
      .then(work)
      .catch((error: unknown) => this.#deps.log.warn({ err: error, distillation: this.#run.distillation }, `${what} could not be stored`));
  }

  /** Resolves when all is written. */
  async close(): Promise<void> {
    clearInterval(this.#flushing);
    this.#flush();
    await this.#writing;
  }

  #point(at: number, rest: Omit<TrainingPoint, 'at' | 'attempt' | 'totalSteps'>): void {
    this.#points.push({ at: new Date(at * 1000).toISOString(), attempt: this.#attempt, totalSteps: this.#totalSteps, ...rest });
  }

  #flush(): void {
    const points = this.#points;
    this.#points = [];
    if (points.length > 0) this.store('points of a training', () => appendTrainingPoints(this.#deps.clickhouse, this.#run, points));
  }
}
