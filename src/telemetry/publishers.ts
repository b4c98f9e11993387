/**
 * Our end of each channel. Held here for good: a channel that nobody holds may be collected with its
 * subscribers.
 */
import { channel } from 'node:diagnostics_channel';

import type { TelemetryChannel } from './channels.js';
import type { ChannelName, TelemetryMessages } from './messages.js';

interface Publisher<Name extends ChannelName> extends TelemetryChannel<Name> {
  publish(message: TelemetryMessages[Name]): void;
}

function open<Name extends ChannelName>(name: Name): Publisher<Name> {
  return channel(name) as unknown as Publisher<Name>;
}

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
