import { CancellationScope, condition, defineQuery, defineUpdate, isCancellation, setHandler } from '@temporalio/workflow';
import type { Distillation } from '../contracts/distil.ts';
import { MESSAGES } from '../contracts/names.ts';
import type { RunState } from './distil-state.ts';
import { refusal } from './failures.ts';

const stateQuery = defineQuery<Distillation>(MESSAGES.state);
const pauseUpdate = defineUpdate<void>(MESSAGES.pause);
const resumeUpdate = defineUpdate<void>(MESSAGES.resume);
const approveUpdate = defineUpdate<void>(MESSAGES.approve);

/** What people may say to a run, and how its stages hear it. */
export class RunControl {
  readonly #run: RunState;
  /** Records the state; set by the run once it can. */
  record: () => Promise<void> = async () => undefined;
  #paused = false;
  #approved = false;
  #interruptible: CancellationScope | null = null;

  constructor(run: RunState) {
    this.#run = run;
    setHandler(stateQuery, () => run.state, { description: 'The whole state of the run, as GET /api/distillations/{name} shows it.' });
    setHandler(pauseUpdate, () => this.#pause(), {
      description: 'Stops before the next stage; within generate as soon as what is in flight is answered.',
      validator: () => this.#refuseIfEnded(),
    });
    setHandler(resumeUpdate, () => this.#resume(), { description: 'Goes on after a pause.', validator: () => this.#refuseIfEnded() });
    setHandler(approveUpdate, () => void (this.#approved = true), {
      description: 'Lets a run that waits for a person move its alias.',
      validator: () => {
        this.#refuseIfEnded();
        if (!run.state.input.approval) throw refusal('conflict', 'This run needs no approval.');
      },
    });
  }

  /** Waits while the run is paused. */
  async gate(): Promise<void> {
    await condition(() => !this.#paused);
  }

  /** Waits for a person; does not move past a pause. */
  async approval(): Promise<void> {
    await condition(() => this.#approved && !this.#paused);
  }

  /** Runs work that a pause interrupts and that goes on by being run again. */
  async interruptible<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      await this.gate();
      const scope = new CancellationScope();
      this.#interruptible = scope;
      try {
        return await scope.run(work);
      } catch (error) {
        if (!isCancellation(error) || CancellationScope.current().consideredCancelled) throw error;
      } finally {
        this.#interruptible = null;
      }
    }
  }

  async #pause(): Promise<void> {
    if (this.#paused) return;
    this.#paused = true;
    this.#run.state.status = 'paused';
    this.#run.event('paused', 'paused by a person');
    this.#interruptible?.cancel();
    await this.record();
  }

  async #resume(): Promise<void> {
    if (!this.#paused) return;
    this.#paused = false;
    this.#run.state.status = 'running';
    this.#run.event('resumed', 'resumed by a person');
    await this.record();
  }

  #refuseIfEnded(): void {
    const { status, name } = this.#run.state;
    if (status !== 'running' && status !== 'paused') throw refusal('conflict', `Distillation "${name}" is ${status}.`);
  }
}
