import { monitorEventLoopDelay } from 'node:perf_hooks';
import { StillhouseError } from '../../contracts/errors.ts';
import type { CallOrigin } from '../../contracts/traces.ts';

export interface AdmissionOptions {
  /** Pipeline calls in flight at most. */
  pipelineConcurrency: number;
  /** With more app calls in flight than this, the pipeline waits. */
  appsSaturateAt?: number;
  /** With a longer mean delay of the event loop over the last second, the pipeline waits. */
  maxLoopDelayMs?: number;
}

/** Who may call now. Apps always may; the pipeline has what is left. */
export interface Admission {
  /** Lets a call in; `leave` must follow. Throws `rate_limited` for a pipeline call that has to wait. */
  enter(origin: CallOrigin): void;
  leave(origin: CallOrigin): void;
  inFlight(): number;
  /** Pipeline calls turned away so far. */
  shed(): number;
  close(): void;
}

/** Counts calls in flight and watches the event loop: the pipeline is shed first, so that an app's call is never the one to wait. */
export function createAdmission(options: AdmissionOptions): Admission {
  const { pipelineConcurrency, appsSaturateAt = 512, maxLoopDelayMs = 250 } = options;
  const loop = monitorEventLoopDelay({ resolution: 50 });
  loop.enable();
  let loopDelayMs = 0;
  const timer = setInterval(() => {
    loopDelayMs = Number.isNaN(loop.mean) ? 0 : loop.mean / 1e6;
    loop.reset();
  }, 1000).unref();
  const inFlight: Record<CallOrigin, number> = { app: 0, pipeline: 0 };
  let shed = 0;
  const whyWait = (): string | null => {
    if (inFlight.pipeline >= pipelineConcurrency) return `${pipelineConcurrency} pipeline calls are in flight (limits.pipelineConcurrency)`;
    if (inFlight.app > appsSaturateAt) return 'apps have the gateway busy';
    return loopDelayMs > maxLoopDelayMs ? 'the gateway is busy' : null;
  };
  return {
    enter(origin) {
      if (origin === 'pipeline') {
        const reason = whyWait();
        if (reason !== null) {
          shed++;
          throw new StillhouseError('rate_limited', `The pipeline has to wait: ${reason}`, { data: { retryAfterS: 1 } });
        }
      }
      inFlight[origin]++;
    },
    leave: (origin) => void inFlight[origin]--,
    inFlight: () => inFlight.app + inFlight.pipeline,
    shed: () => shed,
    close() {
      clearInterval(timer);
      loop.disable();
    },
  };
}
