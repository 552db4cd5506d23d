import { DETECTORS, type Privacy } from '../../contracts/privacy.ts';
import type { RegistrySnapshot } from '../../contracts/registry.ts';
import { type Redaction, redactionOf } from '../../core/privacy/redaction.ts';
import type { Logger } from '../../platform/logger.ts';
import type { CallObserver } from '../observability/observer.ts';
import type { Tracer } from './tracer.ts';

/** Of settings that this program can't follow: nothing is stored that might have been masked. */
const NOTHING: Privacy = { storeBodies: 0, mask: [...DETECTORS], patterns: [], fields: [] };

/** What each project's settings come to, made once for each change of them. A project without any costs a look at its snapshot. */
export function redactionsOf(
  snapshotOf: (project: string) => Pick<RegistrySnapshot, 'privacy' | 'sequence'>,
  log: Logger,
): Tracer['redactionOf'] {
  const made = new WeakMap<Privacy, Redaction>();
  return (project) => {
    const { privacy: said, sequence } = snapshotOf(project);
    // Nothing is known of it yet: it may have said something.
    const privacy = sequence === 0 ? NOTHING : said;
    if (privacy === null) return null;
    const known = made.get(privacy);
    if (known) return known;
    const redaction = orNothing(privacy, (reason) =>
      log.error({ project, reason }, 'what the project masks cannot be applied: no body of its calls is stored'),
    );
    made.set(privacy, redaction);
    return redaction;
  };
}

/** The API refuses what can't be used; what came another way must not open the door. */
function orNothing(privacy: Privacy, failed: (reason: string) => void): Redaction {
  try {
    return redactionOf(privacy);
  } catch (error) {
    failed((error as Error).message);
    return redactionOf({ ...NOTHING, fields: privacy.fields });
  }
}

/** An observer that writes errors' messages somewhere: it hears of them as they are stored. */
export function redactedMessages(observer: CallObserver, tracer: Pick<Tracer, 'redactionOf'>): CallObserver {
  return {
    ended(row, times) {
      const redaction = row.error_message === '' ? null : tracer.redactionOf(row.project);
      observer.ended(redaction === null ? row : { ...row, error_message: redaction.text(row.error_message) }, times);
    },
  };
}
