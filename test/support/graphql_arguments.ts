// What the fields of GraphQL are asked with by who walks all of them: said once for each argument, because no schema says what an id is of.

/** What belongs to somebody, by which a field may be asked for it. */
export interface Named {
  schedule: string;
  run: string;
  handler: string;
  user: string;
  token: string;
  feed: string;
  event: string;
  calendar: string;
  mapping: string;
  webhook: string;
  followUp: string;
  checkIn: string;
  meeting: string;
  /** One that failed. */
  delivery: string;
  /** One that is in the inbox. */
  message: string;
  /** The key of schedule and handler, the name of the task. */
  mark: string;
  /** The name of the calendar, the key of the limit. */
  shared: string;
}

export const absent: Named = {
  ...{ schedule: '00000000-0000-7000-8000-00000000dead', run: '00000000-0000-7000-8000-00000000dead' },
  ...{ handler: '00000000-0000-7000-8000-00000000dead', user: '00000000-0000-7000-8000-00000000dead' },
  ...{ token: '00000000-0000-7000-8000-00000000dead', event: '00000000-0000-7000-8000-00000000dead' },
  feed: '00000000-0000-7000-8000-00000000dead',
  ...{ mapping: '00000000-0000-7000-8000-00000000dead', webhook: '00000000-0000-7000-8000-00000000dead' },
  ...{ followUp: '00000000-0000-7000-8000-00000000dead', checkIn: '00000000-0000-7000-8000-00000000dead' },
  meeting: '00000000-0000-7000-8000-00000000dead',
  ...{ delivery: '00000000-0000-7000-8000-00000000dead', message: '00000000-0000-7000-8000-00000000dead' },
  ...{ calendar: '00000000-0000-7000-8000-00000000dead', mark: 'nothing', shared: 'nothing' },
};

/** Arguments that name something of somebody: by the field and the argument, or by the argument of any field. */
const references: Readonly<Record<string, keyof Named>> = {
  scheduleId: 'schedule',
  runId: 'run',
  handlerId: 'handler',
  userId: 'user',
  ownerId: 'user',
  tokenId: 'token',
  feedId: 'feed',
  mappingId: 'mapping',
  personId: 'user',
  channelMappingId: 'mapping',
  deliveryId: 'delivery',
  meetingId: 'meeting',
  deliveryIds: 'message',
  text: 'mark',
  errorText: 'mark',
  'apiToken.id': 'token',
  'calendarFeed.id': 'feed',
  'calendar.id': 'calendar',
  'channelMapping.id': 'mapping',
  'delivery.id': 'delivery',
  'event.id': 'event',
  'eventHandler.id': 'handler',
  'run.id': 'run',
  'schedule.id': 'schedule',
  'undeliveredItem.id': 'delivery',
  'webhook.id': 'webhook',
  'followUp.id': 'followUp',
  'checkIn.id': 'checkIn',
  // What is planned has the id of its schedule.
  'scheduledMessage.id': 'schedule',
  'meeting.id': 'meeting',
  'findMeeting.reference': 'meeting',
  'user.id': 'user',
  'findRun.reference': 'run',
  'findSchedule.reference': 'mark',
  'findEventHandler.reference': 'mark',
  'searchRuns.task': 'mark',
  'searchSchedules.task': 'mark',
  'concurrencyLimit.key': 'shared',
  'deleteConcurrencyLimit.key': 'shared',
  'deleteCalendar.name': 'shared',
};

const rule = { cron: '0 9 1 1 *' };

/** What is asked for besides: it is nobody's. */
export const plain: Readonly<Record<string, unknown>> = {
  since: '2030-01-01T00:00:00Z',
  until: '2030-01-02T00:00:00Z',
  dates: ['2030-01-01'],
  maxRunning: 3,
  role: 'USER',
  channelId: 'terminal',
  channelContextId: 'walk',
  sessionId: 'walk',
  url: 'https://example.com/',
  startsAt: '2030-01-01 09:00',
  title: 'walk',
  followUpTime: '2030-01-01 09:00',
  messageTemplate: 'walk',
  reason: 'walk',
  what: 'walk',
  context: { facts: [], situations: [] },
  event: 'walk.event',
  name: 'walk',
  key: 'walk',
  task: 'ann',
  patch: { description: 'walked' },
  // No worker has this id: workers are nobody's.
  'worker.id': '00000000-0000-7000-8000-00000000beef',
};

/** What a field is asked with beside what it demands. */
export const besides: Readonly<Record<string, Record<string, unknown>>> = {
  createSchedule: rule,
  // Not the one who walks.
  forgetPerson: { userId: '00000000-0000-7000-8000-00000000dead' },
  describeSchedule: rule,
  previewSchedule: rule,
  simulateSchedule: rule,
};

/** Whose an argument names something of; undefined where it names nothing. */
export const named = (field: string, arg: string): keyof Named | undefined =>
  references[`${field}.${arg}`] ?? references[arg];
