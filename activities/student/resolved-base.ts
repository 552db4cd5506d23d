import type { InspectedBase } from '../../contracts/language-model.ts';

/** A base that lies on this machine. */
export interface ResolvedBase extends InspectedBase {
  folder: string;
  /** 0 where no rows were given. */
  longestRowTokens: number;
  /** Such as that the hub could not be asked. */
  warnings: string[];
}
