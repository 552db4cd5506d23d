import { StillhouseError } from '../../contracts/errors.ts';

/** Arguments of a call, as the provider has them, as JSON text. Throws `upstream_invalid` for what could be read but is too deep to be written. */
export function argumentsText(input: unknown, provider: string): string {
  try {
    return JSON.stringify(input ?? {});
  } catch (error) {
    if (error instanceof RangeError) throw new StillhouseError('upstream_invalid', `${provider} sent a call that is nested too deep`);
    throw error;
  }
}
