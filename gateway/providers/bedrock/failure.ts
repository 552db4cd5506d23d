import { StillhouseError } from '../../../contracts/errors.ts';
import { openAIFault } from '../openai-fault.ts';
import type { ProviderAnswer } from '../provider.ts';
import { upstreamError } from '../upstream-error.ts';

/** HTTP statuses of AWS's exceptions, for those that come within a stream and have none of their own. */
const STATUSES: Readonly<Record<string, number>> = {
  ThrottlingException: 429,
  throttlingException: 429,
  ServiceQuotaExceededException: 429,
  ValidationException: 400,
  validationException: 400,
  AccessDeniedException: 403,
  ResourceNotFoundException: 404,
  ModelTimeoutException: 408,
  ModelErrorException: 502,
  ModelStreamErrorException: 502,
  modelStreamErrorException: 502,
  ModelNotReadyException: 503,
  ServiceUnavailableException: 503,
  serviceUnavailableException: 503,
  InternalServerException: 500,
  internalServerException: 500,
};

interface AwsError extends Error {
  $metadata?: { httpStatusCode?: number; requestId?: string };
  $response?: { headers?: Record<string, string> };
}

/** What AWS's client throws, as the provider's own answer. Throws `provider_key_missing`, `upstream_*` where nothing answered. */
export function bedrockFailure(error: unknown, id: string): ProviderAnswer {
  if (!(error instanceof Error)) throw upstreamError(error, id);
  const { name, message, $metadata, $response } = error as AwsError;
  if (name === 'CredentialsProviderError') {
    const text = `Provider "${id}" needs keys of AWS's (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile or a role), which are not to be found where the gateway runs`;
    throw new StillhouseError('provider_key_missing', text, { cause: error });
  }
  // AWS's client calls a cut connection a time-out as well, with the code of what it was.
  if (name === 'TimeoutError' && !('code' in error))
    throw new StillhouseError('upstream_timeout', `Provider "${id}" did not answer in time`, { cause: error });
  const status = STATUSES[name] ?? $metadata?.httpStatusCode;
  // A status of success with an error is an answer that could not be read.
  if (status === undefined || status < 400) {
    if (status !== undefined)
      throw new StillhouseError('upstream_invalid', `Provider "${id}" answered with something that AWS's client cannot read`, {
        cause: error,
      });
    throw upstreamError(error, id);
  }
  const retryAfter = $response?.headers?.['retry-after'];
  const headers = {
    'content-type': 'application/json',
    ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
    ...($metadata?.requestId === undefined ? {} : { 'x-request-id': $metadata.requestId }),
  };
  return { form: 'whole', status, headers, text: JSON.stringify(openAIFault({ message, code: name })) };
}
