/** Looking at promises without waiting for time to pass. */

/** Lets everything run that is ready to run. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

/** Whether a promise has settled by now. What is no promise has. */
export async function isSettled(promise: unknown): Promise<boolean> {
  if (!(promise instanceof Promise)) return true;
  let settled = false;
  promise.then(() => settled = true, () => settled = true);
  await settle();
  return settled;
}
