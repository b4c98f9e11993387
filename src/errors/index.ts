export {
  JournalClosedError,
  JournalDuplicateError,
  JournalLockedError,
  JournalReplacedError,
  JournalWriteError,
} from './journal.js';
export {
  AbortError,
  AlreadyStartedError,
  ForeignGroupError,
  NoProcError,
  OutputTooLongError,
  ReapwellError,
  ScopeUnavailableError,
  SpawnKilledError,
  StatusUnknownError,
  SurvivorsError,
  TimeoutError,
} from './own.js';
export {
  invalidType,
  invalidValue,
  outOfRange,
  unknownSignal,
  unsupportedInWorker,
} from './arguments.js';
export { tellingAwaiters, withAwaiters } from './stack.js';
export { isErrno, systemError, type SystemError } from './system.js';
