import { z } from 'zod';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';

/** One attempt of a trainer that ended badly by itself, and what was changed for the next. */
const Trouble = z.object({
  /** Newest checkpoint when it happened. */
  step: z.number().int(),
  code: z.string(),
  message: z.string(),
  microBatchRows: z.number().int(),
  rateFactor: z.number(),
});
export type Trouble = z.infer<typeof Trouble>;

/** So many in a row without a newer checkpoint end the run. */
const MOST_WITHOUT_PROGRESS = 3;

/**
 * What went wrong in a training so far, in the artifact store, so that another worker knows it too: one object a trouble,
 * numbered, written once.
 */
export class TrainingTroubles {
  readonly #artifacts: ArtifactStore;
  readonly #prefix: string;
  #known: Trouble[] = [];

  constructor(artifacts: ArtifactStore, prefix: string) {
    this.#artifacts = artifacts;
    this.#prefix = `${prefix}/troubles/`;
  }

  async load(): Promise<void> {
    const keys = await this.#artifacts.list(this.#prefix);
    this.#known = await Promise.all(
      keys.map(async (key) => {
        const ref = await this.#artifacts.find(key);
        return Trouble.parse(JSON.parse((await this.#artifacts.get(ref!)).toString('utf8')));
      }),
    );
  }

  get last(): Trouble | null {
    return this.#known.at(-1) ?? null;
  }

  /** Whether a step was not finite before. */
  get wasNotFinite(): boolean {
    return this.#known.some(({ code }) => code === 'non_finite');
  }

  async add(trouble: Trouble): Promise<void> {
    this.#known.push(trouble);
    const key = `${this.#prefix}${String(this.#known.length).padStart(3, '0')}.json`;
    await this.#artifacts.put(key, Buffer.from(JSON.stringify(trouble)));
  }

  /** Whether the last three all happened at the same newest checkpoint. */
  get isStuck(): boolean {
    const last = this.#known.slice(-MOST_WITHOUT_PROGRESS);
    return last.length === MOST_WITHOUT_PROGRESS && last.every(({ step }) => step === last[0]!.step);
  }
}
