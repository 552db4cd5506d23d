import { z } from 'zod';
import { StillhouseError } from '../../contracts/errors.ts';
import { TargetInfo } from '../../contracts/http.ts';
import { PROJECT_HEADER } from '../../contracts/names.ts';
import type { Price } from '../../core/candidates/call-bounds.ts';

/** How workers reach the gateway. */
export interface GatewayAccess {
  /** Without a path. */
  url: string;
  serviceKey: string;
  fetch: typeof fetch;
}

const TargetList = z.object({ items: z.array(TargetInfo) });

/** The price of a project's teacher; refuses one that is unknown, has no key where the gateway runs, or no price. */
export async function teacherPrice(gateway: GatewayAccess, project: string, teacher: string): Promise<Price> {
  const targets = await listTargets(gateway, project);
  const target = targets.find((known) => known.target === teacher);
  if (!target) {
    const names = targets.filter((known) => known.kind === 'provider').map((known) => known.target);
    throw new StillhouseError(
      'price_unknown',
      `teacher: "${teacher}" is not in the gateway's configuration, so its price is not known. Known are: ${names.join(', ') || 'none'}.`,
      { param: 'teacher' },
    );
  }
  if (target.kind !== 'provider')
    throw new StillhouseError('invalid_request', `teacher: "${teacher}" is a student; a teacher is a provider's model.`, {
      param: 'teacher',
    });
  if (!target.ready)
    throw new StillhouseError('provider_key_missing', `teacher: "${teacher}" can't be called: ${target.reason}`, { param: 'teacher' });
  const { inputUsdPerMTok, outputUsdPerMTok } = target;
  if (inputUsdPerMTok === null || outputUsdPerMTok === null)
    throw new StillhouseError(
      'price_unknown',
      `teacher: "${teacher}" has no price in stillhouse.yaml; without one the cap could not be kept. State inputUsdPerMTok and outputUsdPerMTok.`,
      { param: 'teacher' },
    );
  return { inputUsdPerMTok, outputUsdPerMTok };
}

/** What the gateway can call for the project. */
export async function listTargets(gateway: GatewayAccess, project: string): Promise<TargetInfo[]> {
  let response: Response;
  try {
    response = await gateway.fetch(`${gateway.url}/api/targets`, {
      headers: { authorization: `Bearer ${gateway.serviceKey}`, [PROJECT_HEADER]: project },
      signal: AbortSignal.timeout(10_000),
    });
  } catch (error) {
    throw new StillhouseError('unavailable', `The gateway at ${gateway.url} can't be reached.`, { cause: error });
  }
  if (response.ok) return TargetList.parse(await response.json()).items;
  if (response.status === 404)
    throw new StillhouseError('not_found', `There is no project "${project}": POST /api/projects makes one.`, { param: 'project' });
  const code = response.status >= 500 || response.status === 429 ? 'unavailable' : 'internal';
  throw new StillhouseError(code, `The gateway answered ${response.status} to GET /api/targets; is STILLHOUSE_SERVICE_KEY the gateway's?`);
}
