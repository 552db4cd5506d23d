import { StillhouseError } from '../../contracts/errors.ts';

/** Whose files at providers are. */
export interface FileOwners {
  /** Throws `not_found` for the first that is not the project's. */
  checkOwn(project: string, ids: ReadonlySet<string>): Promise<void>;
}

/** A call names no more: all are looked up at once. */
const MOST_FILES = 100;

/** Whether a body may name a file, told without reading it: nearly none does. A name may be written with escapes. */
export function mayNameFiles(text: string): boolean {
  // Pictures' base64 has no underscore: 20 MB of it are looked through in a tenth of the time.
  return (text.includes('_id') && text.includes('file_id')) || text.includes('\\u');
}

/** Values of `file_id`, wherever they stand; how deep that may be, who parsed it has checked. Throws where there are too many. */
export function fileIdsIn(value: unknown): ReadonlySet<string> {
  const ids = new Set<string>();
  const look = (one: unknown): void => {
    if (typeof one !== 'object' || one === null) return;
    for (const [key, inner] of Object.entries(one)) {
      if (key === 'file_id' && typeof inner === 'string') ids.add(inner);
      else look(inner);
    }
  };
  look(value);
  if (ids.size > MOST_FILES) throw new StillhouseError('invalid_request', `More than ${MOST_FILES} files are named`, { param: 'file_id' });
  return ids;
}
