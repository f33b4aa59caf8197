// All channels there are. A new one is a file beside this one, and a line here.
import type { Channel, ChannelSettings, ChannelTools, MakeChannel } from './channel.ts';
import { makeTelegram } from './telegram.ts';
import { makeWeb } from './web.ts';
import { makeWebhook } from './webhook.ts';
import { makeWhatsApp } from './whatsapp.ts';

const makers: readonly MakeChannel[] = [makeWeb, makeWebhook, makeTelegram, makeWhatsApp];

/** The channels that are configured. A terminal is not among them: it is a channel of the process that sits there (terminal.ts). */
export function makeChannels(settings: ChannelSettings, tools: ChannelTools): Channel[] {
  return makers.map((make) => make(settings, tools)).filter((channel) => channel !== undefined);
}
