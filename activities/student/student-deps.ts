import type { Client } from '@temporalio/client';
import type { Environment } from '../../contracts/environment.ts';
import type { BaseConfig } from '../../contracts/language-model.ts';
import type { Logger } from '../../platform/logger.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import type { ResolvedBase } from './resolved-base.ts';

/** What the stages of language-model students work with. */
export interface StudentDeps {
  artifacts: ArtifactStore;
  clickhouse: ClickHouseClient;
  temporal: Client;
  device: Environment['STILLHOUSE_DEVICE'];
  /** `bases` of `stillhouse.yaml`. */
  bases: readonly BaseConfig[];
  tools: LanguageModelTools;
  /** Bases that this worker has inspected, by the student's name. */
  inspected: Map<string, ResolvedBase>;
  /** Folder of this home for trainings under way; a folder each, removed once the result is published. */
  trainingFolder: string;
  temporaryFolder: string;
  /** Copies of artifacts by hash, shared with the student server of this home. */
  modelFolder: string;
  /** Folder of device locks: the machine's for cards, the home's for the CPU. */
  lockFolder: string;
  log: Logger;
}

/** Where the built things lie that language-model students need; they may not be there yet. */
export interface LanguageModelTools {
  /** Python environment (`bin/python`). */
  trainer: string;
  /** The project's own small base. */
  base: string;
  /** llama.cpp's converters. */
  converters: string;
  /** Has the supervisor build what is missing and waits for it; false where there is no supervisor. */
  prepare: (wait: { signal: AbortSignal; onProgress: (text: string) => void }) => Promise<boolean>;
  env: NodeJS.ProcessEnv;
}
