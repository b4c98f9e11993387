// Which signals there are and what they do by default, from signal(7) and not from the library.
import { constants } from 'node:os';

const harmless = ['SIGCHLD', 'SIGCONT', 'SIGURG', 'SIGWINCH'];
const stopping = ['SIGSTOP', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU'];
const aliases = ['SIGIOT', 'SIGPOLL', 'SIGUNUSED'];

/** Every signal with a name that ends a process by default: name to number. */
export const fatalSignals = Object.entries(constants.signals).filter(
  ([name]) => ![...harmless, ...stopping, ...aliases].includes(name),
) as [NodeJS.Signals, number][];

/** The real-time signals, the two that the C library keeps for itself included. */
export const realTimeSignals = Array.from({ length: 64 - 32 + 1 }, (_, index) => 32 + index);

/** Those of the fatal signals that leave a core file, where the limit allows it. */
export const coreSignals: NodeJS.Signals[] = [
  'SIGQUIT',
  'SIGILL',
  'SIGTRAP',
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGSEGV',
  'SIGXCPU',
  'SIGXFSZ',
  'SIGSYS',
];
