import type { Part } from '../../contracts/names.ts';
import type { ChildLedger } from '../processes/child-ledger.ts';
import { keepFile } from '../processes/kept-file.ts';
import { type Backoff, DEFAULT_BACKOFF, type PartDefinition } from './part-definition.ts';
import type { Reporter } from './reporter.ts';
import { type PartContext, SupervisedPart } from './supervised-part.ts';

/** The parts that one supervisor keeps running. */
export interface Supervision {
  /** Starts it; resolves when it serves for the first time, rejects when the supervision is stopped before. */
  start(definition: PartDefinition): Promise<void>;
  /** What `run/parts.json` says. */
  parts(): Part[];
  /** Ends all, tier by tier from the highest. */
  stop(): Promise<void>;
}

/** Where the supervision keeps its files and whom it tells. */
export interface SupervisionOptions {
  partsFile: string;
  logs: string;
  ledger: ChildLedger;
  reporter: Reporter;
  backoff?: Backoff;
  /** A part asked for something that is prepared on demand. */
  onNeed?: PartContext['onNeed'];
}

/** Keeps parts running and `run/parts.json` true. The home's lock is the caller's business. */
export function createSupervision(options: SupervisionOptions): Supervision {
  const parts: SupervisedPart[] = [];
  const stopped = Promise.withResolvers<never>();
  // Nobody may be waiting for a part when it is stopped.
  stopped.promise.catch(() => undefined);
  let stopping = false;
  const states = () => parts.map((part) => part.state());
  const write = keepFile(options.partsFile, () => `${JSON.stringify(states(), null, 2)}\n`, {
    onTrouble: (text) => options.reporter.say('supervisor', text),
  });
  return {
    parts: states,
    start(definition) {
      if (stopping) return stopped.promise;
      const part = new SupervisedPart(definition, {
        logs: options.logs,
        ledger: options.ledger,
        reporter: options.reporter,
        backoff: options.backoff ?? DEFAULT_BACKOFF,
        onChange: write,
        onNeed: options.onNeed ?? (() => undefined),
      });
      parts.push(part);
      write();
      part.start();
      return Promise.race([part.ready, stopped.promise]);
    },
    async stop() {
      stopping = true;
      stopped.reject(new Error('The stack is being stopped'));
      const tiers = [...new Set(parts.map((part) => part.definition.tier))].sort((a, b) => b - a);
      for (const tier of tiers) {
        await Promise.all(parts.filter((part) => part.definition.tier === tier).map((part) => part.stop()));
      }
    },
  };
}
