import type { Overview } from '../../contracts/http.ts';
import type { BreakerStanding } from '../routing/circuit-breaker.ts';

/** What one process of a gateway says of itself. */
export interface ProcessReport {
  /** Prometheus' text format. */
  metrics: string;
  spool: Overview['spool'];
  breakers: BreakerStanding[];
}

/** What a process wants to know of all of them. */
export interface AskMessage {
  type: 'ask';
  id: number;
}
/** The primary passes it on: `from` is the process that asked. */
export interface TellMessage {
  type: 'tell';
  id: number;
  from: number;
}
export interface ToldMessage {
  type: 'told';
  id: number;
  from: number;
  report: ProcessReport;
}
/** What came in time, in the order of the processes' numbers. */
export interface AnswerMessage {
  type: 'answer';
  id: number;
  reports: NumberedReport[];
}
export interface NumberedReport {
  /** From 1 on; a process that takes another's place has its number. */
  process: number;
  report: ProcessReport;
}

export type ToPrimary = AskMessage | ToldMessage | { type: 'ready' };
export type FromPrimary = TellMessage | AnswerMessage;
