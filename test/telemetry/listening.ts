// Subscribes for the length of a test.
import { onTestFinished } from 'vitest';
import { channels, type ChannelName, type TelemetryMessages } from '../../src/index.js';
import type { TelemetryChannel } from '../../src/index.js';

/** What is told on a channel from now on. */
export function listenTo<Name extends ChannelName>(name: Name): TelemetryMessages[Name][] {
  const messages: TelemetryMessages[Name][] = [];
  const channel: TelemetryChannel<Name> = channels[name];
  const keep = (message: TelemetryMessages[Name]): void => void messages.push(message);
  channel.subscribe(keep);
  onTestFinished(() => void channel.unsubscribe(keep));
  return messages;
}

export const channelNames = Object.keys(channels) as ChannelName[];

/** Those of one process: an exit of a child of the test before may be told in this one. */
export function of<Message extends { identity: object }>(
  { identity }: { identity: object },
  messages: Message[],
): Message[] {
  return messages.filter((message) => message.identity === identity);
}
