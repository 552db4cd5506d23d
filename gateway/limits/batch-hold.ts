/** What a reservation for a batch is called: its call has one of its own, which ends with the call. */
export function batchHold(callId: string): string {
  return `batch/${callId}`;
}
