/** Runs once before the tests: what they need that is built, not installed. */
export default async function setup(): Promise<void> {}
