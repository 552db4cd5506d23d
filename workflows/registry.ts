import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineUpdate,
  proxyActivities,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import { z } from 'zod';
import type { RegistryActivities } from '../activities/registry-store.ts';
import type { AliasVersion } from '../contracts/aliases.ts';
import type { Student } from '../contracts/distil.ts';
import { MESSAGES, SEARCH_ATTRIBUTES } from '../contracts/names.ts';
import type { ApiKey, StoredSecret } from '../contracts/keys.ts';
import {
  DeleteAlias,
  PlaceStudent,
  type ProjectSettings,
  PutAlias,
  PutKey,
  PutProject,
  PutSecret,
  PutStudent,
  RegistryInput,
  RevokeKey,
  RollbackAlias,
} from '../contracts/registry.ts';
import { parseInput } from './failures.ts';
import { RegistryChanges } from './registry-changes.ts';

/** Temporal allows a run 2,000 updates; so few keep its history short too (14 events each). */
const UPDATES_PER_RUN = 200;
/** Answers to puts that changed nothing are in no table; so many are carried into the next run. */
const ANSWERS_CARRIED = 100;

const activities = proxyActivities<RegistryActivities>({
  // One query or insert; a ClickHouse that is busy may take some seconds.
  startToCloseTimeout: '30 seconds',
  // For ever: while ClickHouse is down a change waits, and its caller hears "unavailable" after its own deadline.
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '5 seconds' },
});

const Ensure = z.strictObject({ requestId: z.string().min(1).max(200), actor: z.string().max(200).default('') });
const RunInput = RegistryInput.extend({ answered: z.array(z.tuple([z.string(), z.unknown()])).default([]) });

const ensure = defineUpdate<{ sequence: number }, [unknown]>(MESSAGES.ensure);
const putAlias = defineUpdate<AliasVersion, [unknown]>(MESSAGES.putAlias);
const deleteAlias = defineUpdate<AliasVersion, [unknown]>(MESSAGES.deleteAlias);
const rollbackAlias = defineUpdate<AliasVersion, [unknown]>(MESSAGES.rollbackAlias);
const putStudent = defineUpdate<Student, [unknown]>(MESSAGES.putStudent);
const placeStudent = defineUpdate<Student, [unknown]>(MESSAGES.placeStudent);
const putKey = defineUpdate<ApiKey, [unknown]>(MESSAGES.putKey);
const revokeKey = defineUpdate<ApiKey, [unknown]>(MESSAGES.revokeKey);
const putSecret = defineUpdate<StoredSecret, [unknown]>(MESSAGES.putSecret);
const putProject = defineUpdate<ProjectSettings, [unknown]>(MESSAGES.putProject);

/**
 * The one writer of a project's state. Every change is an update: validated, given the next version and sequence,
 * appended to ClickHouse and only then answered. State is loaded from ClickHouse at the start of each run, so that the
 * workflow carries none of its own from run to run.
 */
export async function registry(raw: unknown): Promise<void> {
  const { project, answered } = parseInput(RunInput, raw);
  upsertSearchAttributes([{ key: defineSearchAttributeKey(SEARCH_ATTRIBUTES.project, 'KEYWORD'), value: project }]);
  const changes = new RegistryChanges(project, activities, answered);
  setHandler(ensure, (update) => changes.ensure(Ensure.parse(update)), {
    description: "Makes sure that the project's first version exists.",
    validator: validate(Ensure),
  });
  setHandler(putAlias, (update) => changes.putAlias(PutAlias.parse(update)), {
    description: 'Appends a version of an alias; one equal to the current version changes nothing.',
    validator: validate(PutAlias),
  });
  setHandler(deleteAlias, (update) => changes.deleteAlias(DeleteAlias.parse(update)), {
    description: 'Appends a version without targets; earlier versions stay.',
    validator: validate(DeleteAlias),
  });
  setHandler(rollbackAlias, (update) => changes.rollbackAlias(RollbackAlias.parse(update)), {
    description: 'Appends the targets of an earlier version as a new one.',
    validator: validate(RollbackAlias),
  });
  setHandler(putStudent, (update) => changes.putStudent(PutStudent.parse(update)), {
    description: 'Appends a version of a student.',
    validator: validate(PutStudent),
  });
  setHandler(placeStudent, (update) => changes.placeStudent(PlaceStudent.parse(update)), {
    description: 'Says which student server serves a language model.',
    validator: validate(PlaceStudent),
  });
  handleKeys(changes);
  await changes.load();
  await condition(() => changes.handled >= UPDATES_PER_RUN || workflowInfo().continueAsNewSuggested);
  await condition(allHandlersFinished);
  await continueAsNew<(input: unknown) => Promise<void>>({ project, answered: [...changes.answers].slice(-ANSWERS_CARRIED) });
}

function handleKeys(changes: RegistryChanges): void {
  setHandler(putKey, (update) => changes.putKey(PutKey.parse(update)), {
    description: 'Makes an API key (its hash; the secret is not known here), or changes what one may do.',
    validator: validate(PutKey),
  });
  setHandler(revokeKey, (update) => changes.revokeKey(RevokeKey.parse(update)), {
    description: 'Ends an API key.',
    validator: validate(RevokeKey),
  });
  setHandler(putSecret, (update) => changes.putSecret(PutSecret.parse(update)), {
    description: "Stores a provider's key as ciphertext, or takes it away.",
    validator: validate(PutSecret),
  });
  setHandler(putProject, (update) => changes.putProject(PutProject.parse(update)), {
    description: "Changes the project's settings.",
    validator: validate(PutProject),
  });
}

function validate(schema: z.ZodType): (raw: unknown) => void {
  return (raw) => void parseInput(schema, raw);
}
