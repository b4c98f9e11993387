/** Calls back at an interval while a job runs. */
import type { Progress } from '../options/run-options.js';
import { Timer } from '../timer.js';
import type { RunPlan } from './plan.js';

/** Returns how to stop. What the callback throws is the program's uncaught exception, as a timer's. */
export function reportProgress(plan: RunPlan, look: () => Progress): () => void {
  const { onProgress, progressInterval } = plan;
  if (onProgress === undefined) return () => undefined;
  let timer: Timer;
  const arm = (): void => {
    timer = new Timer(progressInterval, () => {
      arm();
      onProgress(look());
    }).reference(false);
  };
  arm();
  return () => timer.clear();
}
