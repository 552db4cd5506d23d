import type { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { isStillhouseError } from '../contracts/errors.ts';
import type { Logger } from '../platform/logger.ts';

/** The one place that maps our errors to Temporal's: the code becomes the failure's type, and decides about retries. */
export function mapActivityErrors(log: Logger) {
  return (context: Context): { inbound: ActivityInboundCallsInterceptor } => ({
    inbound: {
      async execute(input, next) {
        try {
          return await next(input);
        } catch (error) {
          if (!isStillhouseError(error)) throw error;
          const { activityType, attempt, workflowExecution } = context.info;
          const workflowId = workflowExecution?.workflowId;
          log.warn({ activity: activityType, attempt, workflowId, code: error.code, err: error }, 'activity failed');
          throw ApplicationFailure.create({
            message: error.message,
            type: error.code,
            nonRetryable: !error.retryable,
            details: [{ param: error.param, ...error.data }],
            cause: error.cause instanceof Error ? error.cause : undefined,
          });
        }
      },
    },
  });
}
