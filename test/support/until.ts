// Waiting for what another process does, where nothing tells of it.
import { setTimeout as pause } from 'node:timers/promises';

/** Resolves once it fits. It is asked again a moment later, not at once: the processors are for what is waited for. */
export async function until(fits: () => Promise<boolean>): Promise<void> {
  while (!(await fits())) await pause(20);
}
