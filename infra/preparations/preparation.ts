import type { ChildLedger } from '../processes/child-ledger.ts';

/** What a preparation (a build, a download) is given. */
export interface PreparationContext {
  /** `cacheFolder(env)` of platform/home.ts. */
  cacheFolder: string;
  /** Milestones, such as the size of a download before it begins: said once. */
  say: (text: string) => void;
  /** How far it is: replaces what was shown before. */
  progress: (text: string) => void;
  signal?: AbortSignal;
  ledger?: ChildLedger;
}
