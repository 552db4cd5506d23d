import { isStillhouseError, StillhouseError } from '../../contracts/errors.ts';

const TIMEOUTS = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT']);
const RESETS = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', 'UND_ERR_CLOSED', 'UND_ERR_DESTROYED']);
const REFUSALS = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'ECONNABORTED']);

/** What went wrong between us and a provider, as one of our errors with a sentence; `internal` where the fault is ours. */
export function upstreamError(error: unknown, provider: string): StillhouseError {
  if (isStillhouseError(error)) return error;
  const code = codeOf(error);
  const details = { cause: error, data: { provider } };
  if (code === 'UND_ERR_ABORTED') return new StillhouseError('cancelled', 'The caller went away', details);
  if (TIMEOUTS.has(code))
    return new StillhouseError('upstream_timeout', `Provider "${provider}" did not answer in time (${code})`, details);
  if (RESETS.has(code)) return new StillhouseError('upstream_reset', `Provider "${provider}" cut the connection`, details);
  if (REFUSALS.has(code)) return new StillhouseError('upstream_unreachable', `Provider "${provider}" cannot be reached (${code})`, details);
  if (code === 'STILLHOUSE_PRIVATE_ADDRESS') {
    const why = error instanceof Error ? error.message : '';
    const message = `Provider "${provider}": ${why}; set allowPrivateAddress: true in stillhouse.yaml to allow it`;
    return new StillhouseError('upstream_unreachable', message, { ...details, retryable: false });
  }
  if (code.startsWith('UND_ERR') || code.startsWith('HPE_')) {
    return new StillhouseError(
      'upstream_invalid',
      `Provider "${provider}" answered with something that is not HTTP as expected (${code})`,
      details,
    );
  }
  if (code !== '') return new StillhouseError('upstream_unreachable', `Provider "${provider}" cannot be reached (${code})`, details);
  return new StillhouseError('internal', 'The gateway failed on this call', details);
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const code = (error as NodeJS.ErrnoException).code;
  if (typeof code === 'string') return code;
  if (error.name === 'AbortError') return 'UND_ERR_ABORTED';
  // undici leaves out the code of what its parser refuses.
  if (error.name === 'HTTPParserError') return 'HPE_INVALID';
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return error.cause === undefined ? '' : codeOf(error.cause);
}
