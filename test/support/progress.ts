const PROGRESS_EVERY_MS = 15_000;

/** What a preparation before the tests says: milestones at once, progress now and then. */
export function progressOnConsole(name: string) {
  let last = performance.now();
  const say = (text: string) => console.log(`${name}: ${text}`);
  return {
    say,
    progress: (text: string) => {
      if (performance.now() - last < PROGRESS_EVERY_MS) return;
      last = performance.now();
      say(text);
    },
  };
}
