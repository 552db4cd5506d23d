import { StillhouseError } from '../../contracts/errors.ts';

const SEGMENT = /^[A-Za-z0-9_][A-Za-z0-9._=@+-]{0,199}$/;

/** Refuses a key that is no plain relative path: it may come from a reference that crossed a process. */
export function checkArtifactKey(key: string): void {
  const segments = key.split('/');
  if (key.length <= 800 && segments.every((segment) => SEGMENT.test(segment) && segment !== '..')) return;
  throw new StillhouseError('invalid_request', `"${key.slice(0, 200)}" is no artifact key: use letters, digits, ".", "_", "-" and "/".`, {
    param: 'key',
  });
}
