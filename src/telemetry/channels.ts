/**
 * The channels of `node:diagnostics_channel`, typed. Held here for good: a channel that nobody holds
 * may be collected with its subscribers.
 */
import { channel } from 'node:diagnostics_channel';

import type { ChannelName, TelemetryMessages } from './messages.js';

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

interface Publisher<Name extends ChannelName> extends TelemetryChannel<Name> {
  publish(message: TelemetryMessages[Name]): void;
}

function open<Name extends ChannelName>(name: Name): Publisher<Name> {
  return channel(name) as unknown as Publisher<Name>;
}

/** @internal With `publish`, for publish.ts. */
export const publishers = Object.freeze({
  'reapwell:spawn': open('reapwell:spawn'),
  'reapwell:exit': open('reapwell:exit'),
  'reapwell:stop': open('reapwell:stop'),
  'reapwell:continue': open('reapwell:continue'),
  'reapwell:terminate:step': open('reapwell:terminate:step'),
  'reapwell:terminate': open('reapwell:terminate'),
  'reapwell:run': open('reapwell:run'),
  'reapwell:recover': open('reapwell:recover'),
} satisfies { [Name in ChannelName]: Publisher<Name> });

/**
 * Every channel by its name. `diagnostics_channel.subscribe('reapwell:…', …)` reaches the same ones,
 * without the types.
 */
export const channels: { readonly [Name in ChannelName]: TelemetryChannel<Name> } = publishers;
