import { createCancelTuningJobActivity } from './cancel-tuning-job.ts';
import { createCheckTuningActivity } from './check-tuning.ts';
import { createEvaluateHostedActivity } from './evaluate-hosted.ts';
import type { HostedDeps } from './hosted-deps.ts';
import { createPollTuningJobActivity } from './poll-tuning-job.ts';
import { createPublishHostedActivity } from './publish-hosted.ts';
import { createStartTuningJobActivity } from './start-tuning-job.ts';
import { createUploadTuningFilesActivity } from './upload-tuning-files.ts';

export type HostedActivities = ReturnType<typeof createHostedActivities>;

/** Every step of a hosted student; all run on queue `stillhouse`, for they only wait and compute a little. */
export function createHostedActivities(deps: HostedDeps) {
  return {
    ...createCheckTuningActivity(deps),
    ...createUploadTuningFilesActivity(deps),
    ...createStartTuningJobActivity(deps),
    ...createPollTuningJobActivity(deps),
    ...createCancelTuningJobActivity(deps),
    ...createPublishHostedActivity(deps),
    ...createEvaluateHostedActivity(deps),
  };
}
