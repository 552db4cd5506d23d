import { errors } from 'undici';

/** One request, whole in memory. */
export interface HttpRequest {
  method: 'POST';
  /** With its query, as it goes on the wire. */
  path: string;
  /** Names in lower case, values in ASCII; not those of framing. One object that is sent again is read once. */
  headers: Readonly<Record<string, string>>;
  body: string | Uint8Array;
}

const PATH = /^\/[\x21-\x7e]*$/;
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const VALUE = /^[\t\x20-\x7e]*$/;
/** Of the connection and the body's length: never a caller's. */
const OURS = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'expect', 'upgrade', 'te', 'trailer', 'keep-alive']);

/** Writes heads of requests to one host. */
export class RequestHeads {
  readonly #fixed: string;
  #lastHeaders: HttpRequest['headers'] | null = null;
  #lastLines = '';

  constructor(host: string) {
    this.#fixed = ` HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`;
  }

  /** ASCII, its empty line included. Throws for what can't be sent. `bodyBytes`: of the body. */
  head({ method, path, headers }: HttpRequest, bodyBytes: number): string {
    if (!PATH.test(path)) throw new errors.InvalidArgumentError('A path holds what no path may');
    if (headers !== this.#lastHeaders) {
      this.#lastLines = linesOf(headers);
      this.#lastHeaders = headers;
    }
    return `${method} ${path}${this.#fixed}${this.#lastLines}content-length: ${bodyBytes}\r\n\r\n`;
  }
}

function linesOf(headers: HttpRequest['headers']): string {
  let lines = '';
  for (const name in headers) {
    const value = headers[name]!;
    if (!NAME.test(name) || OURS.has(name)) throw new errors.InvalidArgumentError(`A request may not have the header "${name}"`);
    // It may be a key: the message does not show it.
    if (!VALUE.test(value)) throw new errors.InvalidArgumentError(`The header "${name}" holds what no header may`);
    lines += `${name}: ${value}\r\n`;
  }
  return lines;
}
