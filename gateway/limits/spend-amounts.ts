/** Whose money: a key of a project, or with `keyId` empty all of the project. No part has a slash or a space. */
export function subjectOf(project: string, keyId = ''): string {
  return `${project}/${keyId}`;
}

/** US dollars by subject and period (a day or a month of UTC). */
export class SpendAmounts {
  readonly #amounts = new Map<string, number>();

  of(subject: string, period: string): number {
    return this.#amounts.get(`${subject} ${period}`) ?? 0;
  }

  add(subject: string, period: string, usd: number): void {
    const name = `${subject} ${period}`;
    const sum = (this.#amounts.get(name) ?? 0) + usd;
    // What is given back to the last cent leaves nothing, but for what floating point has lost on the way.
    if (Math.abs(sum) < 1e-12) this.#amounts.delete(name);
    else this.#amounts.set(name, sum);
  }

  /** Adds the spend of a key's day to the key and to its project, to the day and to its month. */
  addDay(project: string, keyId: string, day: string, usd: number): void {
    for (const subject of [subjectOf(project, keyId), subjectOf(project)]) {
      this.add(subject, day, usd);
      this.add(subject, day.slice(0, 7), usd);
    }
  }

  addAll(other: SpendAmounts): void {
    for (const [name, usd] of other.#amounts) this.#amounts.set(name, (this.#amounts.get(name) ?? 0) + usd);
  }
}
