/**
 * Names of attributes, and their values. What has a semantic convention is named by it
 * (https://opentelemetry.io/docs/specs/semconv/registry/attributes/process/), the rest under `reapwell`.
 */
import { basename } from 'node:path';

import type { RunEndMessage } from '../telemetry/messages.js';

export const PROCESS_PID = 'process.pid';
export const PROCESS_PARENT_PID = 'process.parent_pid';
export const PROCESS_GROUP_LEADER_PID = 'process.group_leader.pid';
export const PROCESS_COMMAND = 'process.command';
export const PROCESS_COMMAND_ARGS = 'process.command_args';
export const PROCESS_EXECUTABLE_NAME = 'process.executable.name';
export const PROCESS_EXECUTABLE_PATH = 'process.executable.path';
export const PROCESS_EXIT_CODE = 'process.exit.code';
export const ERROR_TYPE = 'error.type';

export const RUN_STATUS = 'reapwell.run.status';
export const TERMINATION_METHOD = 'reapwell.termination.method';
export const TERMINATION_SURVIVORS = 'reapwell.termination.survivors';
export const EXIT_SIGNAL = 'reapwell.exit.signal';
export const EXIT_CORE_DUMPED = 'reapwell.exit.core_dumped';
export const EXIT_KNOWN = 'reapwell.exit.known';
export const OUTPUT_TRUNCATED = 'reapwell.output.truncated';
export const OOM_KILLED = 'reapwell.oom_killed';
export const SCOPE = 'reapwell.scope';
export const STEP = 'reapwell.step';
export const STEP_INDEX = 'reapwell.step.index';
export const STEP_DELIVERED = 'reapwell.step.delivered';
export const STEP_ENDED = 'reapwell.step.ended';
export const STEP_DURATION = 'reapwell.step.duration';
export const RECOVER_OUTCOME = 'reapwell.recover.outcome';

/** Of few values: an error's `code`, else the name of its class. */
export function errorType(error: unknown): string {
  if (!(error instanceof Error)) return '_OTHER';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

/**
 * What a run went wrong by: `'timeout'`, an error's code, the signal that ended it, or its exit code;
 * undefined if it didn't, or if we ended it for another reason than time.
 */
export function runErrorType({ completion }: RunEndMessage): string | undefined {
  const { status, exit, error } = completion;
  if (status === 'timeout') return 'timeout';
  if (status === 'error') return errorType(error);
  if (status === 'failed') return String(exit?.signal ?? exit?.code ?? '_OTHER');
  return undefined;
}

export function executableName(file: string): string {
  return basename(file);
}

export function seconds(milliseconds: number): number {
  return milliseconds / 1000;
}
