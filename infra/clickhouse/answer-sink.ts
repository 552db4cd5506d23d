/** Where an answer goes; `write` waits while the client does not read. */
export interface AnswerSink {
  /** Before the first byte. */
  begin(format: string): void;
  write(bytes: Uint8Array): Promise<void>;
  /** Fires when the client has gone away. */
  readonly gone: AbortSignal;
}

/** For `X-ClickHouse-Summary`. */
export interface Work {
  readRows: number;
  readBytes: number;
  writtenRows: number;
  writtenBytes: number;
}
