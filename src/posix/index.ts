export * from './calls.js';
export * from './constants.js';
export * from './status.js';
