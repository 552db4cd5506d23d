import { type ErrorCode, StillhouseError } from '../../contracts/errors.ts';
import type { TrainerEnd } from './trainer-process.ts';

/** What the trainer's own error codes are to a run: the code, and whether another attempt can do better. */
const CODES: Record<string, { code: ErrorCode; retryable: boolean }> = {
  config_invalid: { code: 'internal', retryable: false },
  config_changed: { code: 'conflict', retryable: false },
  data_invalid: { code: 'dataset_invalid', retryable: false },
  row_too_long: { code: 'dataset_invalid', retryable: false },
  base_missing: { code: 'not_found', retryable: false },
  base_gated: { code: 'forbidden', retryable: false },
  base_malformed: { code: 'invalid_request', retryable: false },
  base_unsafe: { code: 'invalid_request', retryable: false },
  no_chat_template: { code: 'invalid_request', retryable: false },
  hub_unreachable: { code: 'unavailable', retryable: true },
  device_busy: { code: 'unavailable', retryable: true },
  out_of_memory: { code: 'unavailable', retryable: true },
  non_finite: { code: 'unavailable', retryable: true },
  disk_full: { code: 'unavailable', retryable: true },
  io_error: { code: 'unavailable', retryable: true },
};

/** The failure that a trainer's end stands for. */
export function trainerFailure(end: TrainerEnd): StillhouseError {
  const { error } = end;
  if (error) {
    const { code, retryable } = CODES[error.code] ?? { code: 'unavailable' as const, retryable: true };
    return new StillhouseError(code, error.message, { retryable, data: { trainer: error.code, ...error.data } });
  }
  const how = end.signal ? `was ended by ${end.signal}` : `ended with code ${end.code ?? 'none'}`;
  const said = end.tail.findLast((line) => line.trim() !== '');
  return new StillhouseError('unavailable', `The trainer ${how}${said ? `: ${said.trim().slice(0, 300)}` : '.'}`);
}
