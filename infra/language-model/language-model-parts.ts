import type { Environment } from '../../contracts/environment.ts';
import type { PreparationContext } from '../preparations/preparation.ts';
import { cacheFolder } from '../../platform/home.ts';
import { baseFolder, ensureBase } from './built-in-base.ts';
import { convertersFolder, ensureConverters } from './converters.ts';
import { ensureEnvironment, environmentFolder } from './python-environment.ts';

/** What training a language-model student takes, by its folders. */
export interface LanguageModelParts {
  /** The Python environment (`bin/python`). */
  trainer: string;
  /** The project's own small base, a Hugging Face folder. */
  base: string;
  /** llama.cpp's converters. */
  converters: string;
}

/** The folders that are set, and else where the cache has or will have them. */
export function languageModelParts(env: Environment): LanguageModelParts {
  const cache = cacheFolder(env);
  return {
    trainer: env.STILLHOUSE_TRAINER ?? environmentFolder(cache),
    base: env.STILLHOUSE_BASE ?? baseFolder(cache),
    converters: env.STILLHOUSE_CONVERTERS ?? convertersFolder(cache),
  };
}

/** Builds what is not set and not in the cache: minutes and gigabytes the first time. Safe to call again and from several processes. */
export async function ensureLanguageModelParts(
  env: Environment,
  context: PreparationContext,
  inherited: NodeJS.ProcessEnv,
): Promise<LanguageModelParts> {
  const parts = languageModelParts(env);
  // First what takes a second and may fail for want of git.
  if (!env.STILLHOUSE_CONVERTERS) await ensureConverters(context, inherited);
  if (!env.STILLHOUSE_TRAINER) await ensureEnvironment(context, inherited);
  if (!env.STILLHOUSE_BASE) await ensureBase(context, inherited, parts.trainer);
  return parts;
}
