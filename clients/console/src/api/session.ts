import { useSyncExternalStore } from 'react';
import { Stillhouse } from '../../../sdk/index.ts';

const STORAGE_KEY = 'stillhouse-admin-key';

/** Who is signed in: the key, or why there is none. */
export interface Session {
  apiKey: string | null;
  /** A sentence for the login card after a key was refused. */
  refusal: string | null;
}

const listeners = new Set<() => void>();
let session: Session = restore();

function restore(): Session {
  try {
    const key = sessionStorage.getItem(STORAGE_KEY) ?? localStorage.getItem(STORAGE_KEY);
    return { apiKey: key, refusal: null };
  } catch {
    // Storage is blocked: the key is asked for each time.
    return { apiKey: null, refusal: null };
  }
}

function change(next: Session): void {
  session = next;
  for (const listener of listeners) listener();
}

function forget(): void {
  try {
    sessionStorage.removeItem(STORAGE_KEY);
    localStorage.removeItem(STORAGE_KEY);
  } catch {
    // Nothing was kept.
  }
}

/** A client of the gateway that served this page. */
export function connect(apiKey: string, project?: string): Stillhouse {
  return new Stillhouse({ url: window.location.origin, apiKey, project });
}

/** The client of whoever is signed in; `project` undefined: the key's own. */
export function clientOf(project: string | undefined): Stillhouse | null {
  return session.apiKey === null ? null : connect(session.apiKey, project);
}

/** Keeps the key for this tab, or for this browser with `remember`. */
export function signIn(key: string, remember: boolean): void {
  forget();
  try {
    (remember ? localStorage : sessionStorage).setItem(STORAGE_KEY, key);
  } catch {
    // It lives as long as the page.
  }
  change({ apiKey: key, refusal: null });
}

/** Forgets the key; `refusal` says why where the person did not ask for it. */
export function signOut(refusal: string | null = null): void {
  if (session.apiKey === null && refusal === session.refusal) return;
  forget();
  change({ apiKey: null, refusal });
}

/** The session, followed. */
export function useSession(): Session {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => session,
  );
}
