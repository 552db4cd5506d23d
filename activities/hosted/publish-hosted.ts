import { HostedManifest, type TuningIdentity } from '../../contracts/hosted.ts';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import { publishOnce } from '../encoder/encoder-deps.ts';
import type { HostedDeps } from './hosted-deps.ts';
import { tuningKey } from './tuning-journal.ts';

export interface PublishHostedInput {
  identity: TuningIdentity;
  jobId: string;
  tunedModel: string;
  trainedTokens: number | null;
  curated: ArtifactRef;
  labels: string[];
}

export function createPublishHostedActivity({ artifacts }: Pick<HostedDeps, 'artifacts'>) {
  return {
    /** Writes down what the provider keeps for us. Safe to retry because the manifest is named by the job and its inputs. */
    async publishHosted({ identity, jobId, tunedModel, trainedTokens, curated, labels }: PublishHostedInput): Promise<ArtifactRef> {
      const { project, provider, model, training, validation, settings } = identity;
      const manifest: HostedManifest = {
        format: 'stillhouse-hosted/1',
        provider,
        base: model,
        model: tunedModel,
        jobId,
        training,
        validation,
        settings,
        trainedTokens,
        curated,
        labels,
      };
      return publishOnce(artifacts, `students/${project}/${tuningKey(identity)}/${jobId}.json`, HostedManifest.parse(manifest));
    },
  };
}
