export { Stillhouse } from './stillhouse.ts';
export { StillhouseApiError } from './api-error.ts';
export { hasEnded } from './distillations.ts';
export { waitFor } from './wait-for.ts';
export type { AliasTargets, ChangeOptions } from './aliases.ts';
export type { ClusterQuery } from './clusters.ts';
export type { DatasetExportQuery, DatasetRowView, RowsQuery } from './datasets.ts';
export type { DistillationRun, DistillationUpdate, FollowOptions } from './distillations.ts';
export type { NewKeyInput } from './keys.ts';
export type { TraceExportFilter, TraceListFilter } from './traces.ts';
export type { StillhouseOptions, UploadBody } from './transport.ts';
export type { UsageFilter } from './usage.ts';
export type { Usage, UsageRow } from '../../contracts/usage.ts';
export type { TriedTarget } from './try-target.ts';
export type { WaitOptions } from './wait-for.ts';
export type { AliasVersion } from '../../contracts/aliases.ts';
export type {
  Cluster,
  ClusterCheck,
  ClusterChanges,
  ClusterDetail,
  ClusterMap,
  ClusterMember,
  ClusterRequest,
  ClusterRun,
  ClusterSchedule,
} from '../../contracts/clusters.ts';
export type { Dataset, DatasetRequest, DatasetSource, DatasetView, Split, Task } from '../../contracts/datasets.ts';
export type { LeftOutPage, LeftOutQuery } from './dataset-curation.ts';
export type { CurateRequest, LeftOutRow, RecordedEdit, RowEdit, RowFilters } from '../../contracts/dataset-curation.ts';
export type { Inspection, InspectionCard } from '../../contracts/dataset-inspection.ts';
export type { Judgement, JudgeRequest } from '../../contracts/dataset-judging.ts';
export type {
  Distillation,
  DistillationEvent,
  DistilRequest,
  Evaluation,
  Stage,
  StageState,
  Student,
  StudentView,
} from '../../contracts/distil.ts';
export type { Estimate, EstimateRequest, StudentBase, StudentFile, StudentImport, UploadedModelFile } from '../../contracts/students.ts';
export type { CreatedKey, KeyChanges, KeyView, ProjectChanges, ProjectView, ProviderKeyView, Spent } from '../../contracts/keys.ts';
export type { Privacy } from '../../contracts/privacy.ts';
export type { ProviderError, ProviderHour, ProviderModel, ProviderView } from '../../contracts/providers.ts';
export type { TrainingPoint } from '../../contracts/language-model.ts';
export type { Overview, Page, Problem, TargetInfo, UploadedFile } from '../../contracts/http.ts';
export type { Feedback, FeedbackReceipt, FeedbackRequest } from '../../contracts/feedback.ts';
export type { ForgetRequest, Forgetting } from '../../contracts/forget.ts';
export type { ImportFormat, ImportQuery, TraceImport } from '../../contracts/imports.ts';
export type { Replay, ReplayedAnswer } from '../../contracts/replay.ts';
export type { WebhookDelivery, WebhookView } from '../../contracts/webhooks.ts';
export type { ExportFormat, Trace, TracePage, TraceSummary, TraceView } from '../../contracts/traces.ts';
