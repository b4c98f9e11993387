/** Subscribes to a channel; returns how to stop. */
import { channels, type TelemetryChannel } from '../telemetry/channels.js';
import type { ChannelName, TelemetryMessages } from '../telemetry/messages.js';

export function listen<Name extends ChannelName>(
  name: Name,
  onMessage: (message: TelemetryMessages[Name]) => void,
): () => void {
  const channel: TelemetryChannel<Name> = channels[name];
  channel.subscribe(onMessage);
  return () => channel.unsubscribe(onMessage);
}
