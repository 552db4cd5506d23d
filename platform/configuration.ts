import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { Configuration } from '../contracts/configuration.ts';
import { StillhouseError } from '../contracts/errors.ts';
import { configurationProblems } from './configuration-problems.ts';

/** `stillhouse.yaml`, checked; the defaults where there is no such file. */
export function loadConfiguration(path: string): Configuration {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Configuration.parse({});
    throw error;
  }
  let content: unknown;
  try {
    content = parse(text) ?? {};
  } catch (error) {
    throw new StillhouseError('invalid_request', `${path} is not YAML: ${(error as Error).message}`, { cause: error });
  }
  const parsed = Configuration.safeParse(content);
  if (parsed.success) return parsed.data;
  throw new StillhouseError(
    'invalid_request',
    `${path} is not usable. ${configurationProblems(parsed.error.issues, content, Configuration)}.`,
  );
}
