/** The channels of `node:diagnostics_channel`, typed, for those who listen. */
import type { ChannelName, TelemetryMessages } from './messages.js';
import { publishers } from './publishers.js';

/** A `diagnostics_channel.Channel` whose messages have a type. */
export interface TelemetryChannel<Name extends ChannelName> {
  readonly name: Name;
  readonly hasSubscribers: boolean;
  /**
   * Called synchronously, on the thread whose event loop the message concerns; each worker has channels
   * of its own. What it throws is the program's uncaught exception, in the next tick: neither the
   * library nor the other subscribers notice.
   */
  subscribe(onMessage: (message: TelemetryMessages[Name], name: Name) => void): void;
  /** False: it was not subscribed. */
  unsubscribe(onMessage: (message: TelemetryMessages[Name], name: Name) => void): boolean;
}

/**
 * Every channel by its name. `diagnostics_channel.subscribe('reapwell:…', …)` reaches the same ones,
 * without the types.
 */
export const channels: { readonly [Name in ChannelName]: TelemetryChannel<Name> } = publishers;
