import { writeFileAtomic } from '../../platform/atomic-file.ts';

/** How a file that is kept goes on after a write that failed. */
export interface KeptFileOptions {
  /** Told once, until a write succeeds again. */
  onTrouble: (text: string) => void;
  retryMs?: number;
}

/**
 * Keeps the file at `path` as `content` says, written anew at every call of what is returned. Only the first write may
 * throw: later ones (a full disk) are tried again until one succeeds, since the programs that run must go on running.
 */
export function keepFile(path: string, content: () => string, options: KeptFileOptions): () => void {
  const write = () => writeFileAtomic(path, content(), { fsync: false });
  let troubled = false;
  let retry: NodeJS.Timeout | undefined;
  const attempt = () => {
    clearTimeout(retry);
    try {
      write();
      troubled = false;
    } catch (error) {
      if (!troubled) options.onTrouble(`can't write ${path}, tries on: ${(error as Error).message}`);
      troubled = true;
      retry = setTimeout(attempt, options.retryMs ?? 1_000).unref();
    }
  };
  write();
  return attempt;
}
