export { capabilities, type Capabilities } from './capabilities.js';
export type { CgroupCapability } from './cgroup-probe.js';
export {
  exitOnSignals,
  type ExitOnSignalsOptions,
  type UndoExitOnSignals,
} from './all/exit-on-signals.js';
export { terminateAll, type TerminatedChild } from './all/terminate-all.js';
export { attach, type AttachOptions } from './attach/attach.js';
export { Child } from './child/child.js';
export type { ProcessInfo } from './child/members.js';
export { Process } from './child/process.js';
export type { ChildEvents, WaitOptions } from './child/setup.js';
export type { ChildState } from './child/state.js';
export type { EndedBy } from './child/waiting.js';
export { configure, type Configuration } from './configure.js';
export {
  AbortError,
  AlreadyStartedError,
  ForeignGroupError,
  JournalClosedError,
  JournalDuplicateError,
  JournalLockedError,
  JournalReplacedError,
  JournalWriteError,
  NoProcError,
  OutputTooLongError,
  ReapwellError,
  ScopeUnavailableError,
  SpawnKilledError,
  StatusUnknownError,
  SurvivorsError,
  TimeoutError,
  type SystemError,
} from './errors/index.js';
export type { Exit, ResourceUsage } from './exit.js';
export type { ProcessIdentity } from './identity.js';
export type { JournalEntry } from './journal/entry.js';
export {
  openJournal,
  type Journal,
  type JournalOptions,
  type PruneOptions,
} from './journal/journal.js';
export type { SkippedRecord } from './journal/reading.js';
export type { Recovered, RecoverOptions } from './journal/recovery.js';
export type {
  ActionStep,
  EofStep,
  EscalationOptions,
  EscalationStep,
  SignalStep,
} from './options/escalation.js';
export type { OutputLine } from './options/output-line.js';
export type { CgroupOptions, Scope } from './options/scope.js';
export type { LimitName, Limits } from './options/limits.js';
export type { PipelineCommand, PipelineOptions, StageOptions } from './options/pipeline-options.js';
export { pipeline, type PipelineCompletion } from './pipeline/pipeline.js';
export type { Progress, RunInput, RunOptions } from './options/run-options.js';
export type { EnvironmentValue, SpawnOptions } from './options/spawn-options.js';
export type { StdioEntry, StdioFile, StdioOption } from './options/stdio.js';
export * as posix from './posix/index.js';
export type { PosixSpawnOptions, WaitidResult, WaitpidResult } from './posix/calls.js';
export type { Completion, CompletionRecord, CompletionStatus, ErrorRecord } from './completion.js';
export { run } from './run/run.js';
export type { Signal } from './signals.js';
export { spawn } from './spawn/spawn.js';
export type { PipeStream } from './stdio/pipe-stream.js';
export type {
  Ended,
  NotEnded,
  StepName,
  StepReport,
  Survivor,
  Survivors,
  Termination,
} from './terminate/termination.js';
export { channels, type TelemetryChannel } from './telemetry/channels.js';
export type {
  ChannelName,
  ContinueMessage,
  ExitMessage,
  RecoverMessage,
  RecoverOutcome,
  RunEndMessage,
  RunMessage,
  RunStartMessage,
  SpawnFailedMessage,
  SpawnMessage,
  SpawnStartedMessage,
  StopMessage,
  TelemetryMessages,
  TerminateMessage,
  TerminateStepMessage,
} from './telemetry/messages.js';
