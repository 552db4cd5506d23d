import { config } from 'dotenv';
import { StillhouseError } from '../contracts/errors.ts';
import { Environment } from '../contracts/environment.ts';
import { configurationProblems } from './configuration-problems.ts';

/** The process's environment with `.env` of the working folder behind it, parsed and frozen; a sentence a bad variable. */
export function loadEnvironment(): Environment {
  config({ quiet: true });
  const parsed = Environment.safeParse(process.env);
  if (parsed.success) return Object.freeze(parsed.data);
  throw new StillhouseError(
    'invalid_request',
    `The environment is not usable. ${configurationProblems(parsed.error.issues, process.env, Environment)}.`,
  );
}
