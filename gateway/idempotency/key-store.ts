/** Where what is known of idempotency keys lies. Texts are `<expiry in ms since 1970> <ciphertext>`: `textOf` writes them. */
export interface KeyStore {
  /** Of this process, as its claims name it. */
  readonly holder: string;
  /**
   * Writes the text where nothing lies that has not expired, on the disk or server before it returns: null. Else what lies there.
   * Rejects where it cannot be kept: nothing may be sent then. `trace`: whose answer it is, so that it can be forgotten.
   */
  claim(place: string, text: string, trace?: string): Promise<string | null>;
  /** What lies there and has not expired. */
  read(place: string): Promise<string | null>;
  /** Puts the text in the place of what this process claimed; `trace` as above. */
  put(place: string, text: string, trace?: string): Promise<void>;
  /** Deletes what these traces were answered; returns how many there were. */
  forget(traces: readonly string[]): Promise<number>;
  /** Lets go of what this process claimed. */
  release(place: string): Promise<void>;
  /** Takes away this very text, where it lies there: of a claim of which this process does not know whether it was written. */
  withdraw(place: string, text: string): Promise<void>;
  /** Whether the process that made a claim is still there. */
  isAlive(holder: string): Promise<boolean>;
  close(): void;
}

const EXPIRY = /^(\d{13}) /;

/** When a text expires, in milliseconds since 1970 (13 digits until the year 2286); 0 where it is none. */
export function expiryOf(text: string): number {
  return Number(EXPIRY.exec(text)?.[1] ?? 0);
}
