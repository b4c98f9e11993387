// How the reaper learns of exits in the running vitest project, where the contract differs.

/** Children are watched by pidfd. */
export const usesPidfd = process.env['REAPWELL_PIDFD'] !== 'off';

/** SIGCHLD is taken over for a signalfd. */
export const claimsSigchld = process.env['REAPWELL_SIGCHLD'] !== 'share';
