import { type InspectDatasetInput, InspectionCard } from '../../contracts/dataset-inspection.ts';
import type { ArtifactStore } from './artifact-store.ts';

/** Where the card of a dataset version lies. */
export function inspectionKey({ project, dataset, version }: InspectDatasetInput): string {
  return `inspections/${project}/${dataset}/${version}/card.json`;
}

/** What was found of a version; null: it was not inspected yet. */
export async function readInspection(artifacts: ArtifactStore, input: InspectDatasetInput): Promise<InspectionCard | null> {
  const ref = await artifacts.find(inspectionKey(input));
  return ref ? InspectionCard.parse(JSON.parse((await artifacts.get(ref)).toString('utf8'))) : null;
}
