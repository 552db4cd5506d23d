import { type Preparation, PREPARATIONS, type PreparationMessage } from '../../platform/lifecycle.ts';
import type { PreparationContext } from '../preparations/preparation.ts';
import type { Reporter } from './reporter.ts';

/** What the preparations that are made on demand are run with. */
export interface OnDemandOptions {
  /** Each says in a few words where what it made is. */
  run: Record<Preparation, (context: PreparationContext) => Promise<string>>;
  context: (name: string) => PreparationContext;
  reporter: Reporter;
  /** The stack is being stopped. */
  signal: AbortSignal;
}

/** Preparations that wait until somebody needs them. */
export interface OnDemand {
  /** Begins it, joins what is under way, or answers at once; `tell` is called until it is ready or has failed. What failed is tried anew. */
  need(what: unknown, tell: (message: PreparationMessage) => void): void;
}

/** Each preparation runs at most once at a time, and not again once it has succeeded; a failure is said and ends nothing. */
export function createOnDemand({ run, context, reporter, signal }: OnDemandOptions): OnDemand {
  const runs = new Map<Preparation, { result: Promise<void>; listeners: Set<(message: PreparationMessage) => void>; last: string }>();

  const begin = (what: Preparation) => {
    const listeners = new Set<(message: PreparationMessage) => void>();
    const own = context(what);
    const started = { result: Promise.resolve(), listeners, last: 'begins' };
    const hear = (text: string) => {
      started.last = text;
      for (const tell of listeners) tell({ type: 'preparation', what, state: 'under-way', text });
    };
    const heard: PreparationContext = {
      ...own,
      say: (text) => (own.say(text), hear(text)),
      progress: (text) => (own.progress(text), hear(text)),
    };
    const began = performance.now();
    started.result = run[what](heard).then(
      (result) => reporter.prepared(what, (performance.now() - began) / 1000, result),
      (error: unknown) => {
        runs.delete(what);
        throw error;
      },
    );
    // Told to each who asked; said once here.
    started.result.catch((error: unknown) => {
      if (!signal.aborted) reporter.say(what, `${reasonOf(error)} It is tried again when it is next needed.`);
    });
    runs.set(what, started);
    return started;
  };

  return {
    need(what, tell) {
      if (!isPreparation(what)) return;
      const { result, listeners, last } = runs.get(what) ?? begin(what);
      tell({ type: 'preparation', what, state: 'under-way', text: last });
      listeners.add(tell);
      void result
        .then(
          () => tell({ type: 'preparation', what, state: 'ready', text: '' }),
          (error: unknown) => tell({ type: 'preparation', what, state: 'failed', text: reasonOf(error) }),
        )
        .finally(() => listeners.delete(tell));
    },
  };
}

function isPreparation(what: unknown): what is Preparation {
  return PREPARATIONS.some((name) => name === what);
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.endsWith('.') ? text : `${text}.`;
}
