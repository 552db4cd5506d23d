import pino from 'pino';

/** Structured logs on stdout. Never a body, a key or a customer's text. */
export type Logger = pino.Logger;

export function createLogger(part: string, level: string): Logger {
  return pino({ level, base: { part, pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime });
}
