// WhatsApp, by the Cloud API of Meta: free text within a day of what the person last wrote, and a template that was approved beyond.
import { request } from 'undici';
import {
  type Channel,
  type Failure,
  type MakeChannel,
  type Message,
  neverSent,
  RefusedError,
  reasonOf,
} from './channel.ts';
import { composed, languageOf } from './message.ts';
import { plainText } from './plain_text.ts';
import { splitText, summaryOf } from './split.ts';

const mostText = 4096;
const mostParameter = 1024;
/** Of what is longer than that only the beginning is sent: nobody reads it on a phone. */
const mostParts = 4;
const patience = 20_000;
/** How long after the person wrote free text may be sent, in milliseconds; a minute less, for clocks that differ. */
const window = 24 * 3_600_000 - 60_000;

interface Answer {
  messages?: { id?: string }[];
  error?: { code?: number; message?: string; error_data?: { details?: string } };
}

class WhatsAppError extends Error {
  readonly status: number;
  readonly code: number | undefined;
  constructor(status: number, answer: Answer) {
    const { code, message = '', error_data } = answer.error ?? {};
    super(
      `WhatsApp answered ${status}: ${[message, error_data?.details].filter(Boolean).join(': ')}`.slice(
        0,
        500,
      ),
    );
    this.status = status;
    this.code = code;
  }
}

function textParts(message: Message): string[] {
  const text = plainText(composed(message));
  const parts = splitText(text, mostText);
  return parts.length <= mostParts ? parts : [summaryOf(text, mostText)];
}

/** A parameter of a template has neither line ends nor many spaces. */
const parameterOf = (message: Message) =>
  summaryOf(plainText(composed(message)).replace(/\s+/g, ' '), mostParameter).replace(/\s+/g, ' ');

/** What is sent, and how many parts there are. */
function contentOf(message: Message, template: string | undefined): { content: object; parts: number } {
  const isOpen = message.heardMsAgo !== null && message.heardMsAgo < window && message.tier === 0;
  // What began as text goes on as text: a template repeats the beginning.
  if (isOpen || (message.part > 1 && message.tier === 0)) {
    const parts = textParts(message);
    const body = parts[message.part - 1];
    if (body === undefined) throw new RefusedError('There is no such part of it any more.');
    return {
      content: { type: 'text', text: { body, preview_url: false } },
      parts: parts.length,
    };
  }
  if (template === undefined)
    throw new RefusedError(
      'The person has not written for a day, and CHIME_WHATSAPP_TEMPLATE names no template to write first with.',
    );
  return {
    content: {
      type: 'template',
      template: {
        name: template,
        language: { code: languageOf(message) },
        components: [{ type: 'body', parameters: [{ type: 'text', text: parameterOf(message) }] }],
      },
    },
    parts: 1,
  };
}

/** What the codes of Meta mean. */
function ofAnswer(error: WhatsAppError, message: Message): Failure {
  const { status, code, message: reason } = error;
  switch (code) {
    case 131047: // more than a day since the person wrote
    case 131051: // a type of message that the person cannot read
      return message.tier === 0 ? { outcome: 'plainer', reason } : { outcome: 'refused', reason };
    case 130429: // messages of the number
    case 80007:
    case 4:
      return { outcome: 'throttled', reason, waitMs: 10_000, wholeChannel: true };
    case 131056: // messages of the number to this person
      return { outcome: 'throttled', reason, waitMs: 10_000 };
    case 131026: // no WhatsApp there
    case 131050: // the person wants none
      return { outcome: 'blocked', reason };
    case 190: // the token
    case 10:
    case 368:
    case 131031:
      return { outcome: 'throttled', reason, waitMs: 60_000, wholeChannel: true };
    case 131000:
    case 131016:
      return { outcome: 'retry', reason };
    default:
      if (status === 429) return { outcome: 'throttled', reason, waitMs: 10_000, wholeChannel: true };
      return status >= 500 ? { outcome: 'retry', reason } : { outcome: 'refused', reason };
  }
}

export const makeWhatsApp: MakeChannel = ({
  whatsappToken,
  whatsappPhoneId,
  whatsappApi,
  whatsappTemplate,
}): Channel | undefined => {
  if (whatsappToken === undefined || whatsappPhoneId === undefined) return undefined;
  const url = `${whatsappApi.replace(/\/+$/, '')}/${encodeURIComponent(whatsappPhoneId)}/messages`;
  return {
    id: 'whatsapp',
    isOrdered: true,
    isRepeatable: false,
    isOpen: false,
    limits: [
      { by: '^(.+)$', most: 1, perMs: 6000 },
      { most: 80, perMs: 1000 },
    ],
    retryWaits: ['5 seconds', '1 minute', '10 minutes'],
    async send(message, signal) {
      const { content, parts } = contentOf(message, whatsappTemplate);
      const response = await request(url, {
        method: 'POST',
        headers: { authorization: `Bearer ${whatsappToken}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          messaging_product: 'whatsapp',
          recipient_type: 'individual',
          to: message.context,
          ...content,
        }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
      });
      const text = await response.body.text();
      const answer = readAnswer(text);
      if (response.statusCode !== 200) throw new WhatsAppError(response.statusCode, answer ?? {});
      const externalId = answer?.messages?.[0]?.id;
      if (externalId === undefined) throw new Error('WhatsApp has not said which message it became.');
      return { externalId, parts };
    },
    classify(error, message) {
      if (error instanceof WhatsAppError) return ofAnswer(error, message);
      if (error instanceof RefusedError) return { outcome: 'refused', reason: error.message };
      if (neverSent(error)) return { outcome: 'retry', reason: reasonOf(error) };
      return { outcome: 'unknown', reason: reasonOf(error) };
    },
  };
};

function readAnswer(text: string): Answer | undefined {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return undefined;
  }
}
