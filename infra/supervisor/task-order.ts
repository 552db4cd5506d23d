/** One thing to do at the start: a preparation, a part to be waited for, a program that runs once. */
export interface Task {
  name: string;
  /** Names of the tasks that must be done before. */
  after: readonly string[];
  run: () => Promise<void>;
}

/**
 * Runs every task as soon as what it needs is done; all that need nothing of each other run side by side. Rejects with
 * the first failure; what waits for the failed one, and what has not begun by an abort, does not begin.
 */
export async function runInOrder(tasks: readonly Task[], signal: AbortSignal): Promise<void> {
  const runs = new Map<string, Promise<void>>();
  const byName = new Map(tasks.map((task) => [task.name, task]));
  const start = (name: string): Promise<void> => {
    const task = byName.get(name);
    if (!task) throw new Error(`No task is called ${name}`);
    const running = runs.get(name) ?? begin(task);
    runs.set(name, running);
    return running;
  };
  const begin = async (task: Task) => {
    await Promise.all(task.after.map(start));
    signal.throwIfAborted();
    await task.run();
  };
  await Promise.all(tasks.map((task) => start(task.name)));
}
