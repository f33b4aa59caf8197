// What a message says, in the words of who reads it, whatever channel carries it.
import { type Button, buttonData } from './button.ts';
import type { Message } from './channel.ts';

interface Texts {
  failed(name: string, timedOut: boolean): string;
  done(name: string): string;
  late(due: string, sent: string): string;
  covers(count: number): string;
  degraded: string;
  /** Under a reminder: that it is done, and until when to leave one alone, as buttons say it. */
  reminder: {
    done: string;
    minutes10: string;
    hour1: string;
    tonight(time: string): string;
    tomorrow(time: string): string;
  };
}

const texts: Record<'en' | 'ru', Texts> = {
  en: {
    failed: (name, timedOut) => (timedOut ? `❌ ${name} took too long` : `❌ ${name} failed`),
    done: (name) => `✅ ${name} is done`,
    late: (due, sent) => `(was due ${due}, sent ${sent})`,
    covers: (count) => `(${count} earlier ${count === 1 ? 'run' : 'runs'} in quiet hours succeeded, too)`,
    degraded: '(The topic that this was meant for is gone, so it comes here.)',
    reminder: {
      done: '✅ Done',
      minutes10: '10 min',
      hour1: '1 h',
      tonight: (time) => `Tonight ${time}`,
      tomorrow: (time) => `Tomorrow ${time}`,
    },
  },
  ru: {
    failed: (name, timedOut) => (timedOut ? `❌ ${name}: время вышло` : `❌ ${name}: ошибка`),
    done: (name) => `✅ ${name}: готово`,
    late: (due, sent) => `(планировалось на ${due}, отправлено в ${sent})`,
    covers: (count) => `(более ранних успешных запусков в тихие часы: ${count})`,
    degraded: '(Темы, для которой это предназначалось, больше нет, поэтому сообщение здесь.)',
    reminder: {
      done: '✅ Готово',
      minutes10: '10 мин',
      hour1: '1 ч',
      tonight: (time) => `Вечером в ${time}`,
      tomorrow: (time) => `Завтра в ${time}`,
    },
  },
};

/** The language of who is told. */
export function languageOf({ locale }: Pick<Message, 'locale'>): 'en' | 'ru' {
  return /^ru\b/i.test(locale ?? '') ? 'ru' : 'en';
}

/** What the run is called: its schedule, or its task. */
export const nameOf = ({ run }: Message): string => run.scheduleName ?? run.task;

/** What was produced: the output, or what went wrong. */
export function bodyOf(message: Message): string {
  const { run } = message;
  const words = texts[languageOf(message)];
  if (run.status === 'succeeded') return run.output?.trim() || words.done(nameOf(message));
  return [words.failed(nameOf(message), run.status === 'timed_out'), run.error?.trim() ?? '']
    .filter(Boolean)
    .join('\n');
}

/** What has to be said of the message itself; empty where there is nothing. */
export function notesOf(message: Message): string[] {
  const words = texts[languageOf(message)];
  return [
    ...(message.isDegraded ? [words.degraded] : []),
    ...(message.late === null ? [] : [words.late(message.late.due, message.late.sent)]),
    ...(message.coversCount > 1 ? [words.covers(message.coversCount - 1)] : []),
  ];
}

/** All of it as one text: what was produced, and behind it what has to be said of the message. */
export function composed(message: Message): string {
  return [bodyOf(message), ...notesOf(message)].join('\n\n');
}

/** The buttons under a reminder that has fired: that it is done, and until when it shall wait. */
export function reminderButtons(
  runId: string,
  language: 'en' | 'ru',
  { morningAt, eveningAt }: Pick<Message, 'morningAt' | 'eveningAt'>,
): Button[][] {
  const words = texts[language].reminder;
  const button = (label: string, verb: string, arg = ''): Button => ({
    label,
    data: buttonData({ verb, id: runId, arg, rev: '' }),
  });
  return [
    [
      button(words.done, 'done'),
      button(words.minutes10, 'snooze', '10m'),
      button(words.hour1, 'snooze', '1h'),
    ],
    [
      button(words.tonight(eveningAt ?? '19:00'), 'snooze', 'tonight'),
      button(words.tomorrow(morningAt ?? '09:00'), 'snooze', 'tomorrow'),
    ],
  ];
}

/** The buttons under a message, for channels that have some: only a reminder has any. */
export function buttonsOf(message: Message): Button[][] {
  return message.run.task === 'remind' && message.run.status === 'succeeded'
    ? reminderButtons(message.run.id, languageOf(message), message)
    : [];
}
