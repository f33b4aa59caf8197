// What tools say, in English: ICU messages, one sentence or two, to be repeated to a person as they stand.
export const en = {
  next: 'Next: {when}.',
  nextTimes: 'Next: {times}.',
  noNext: 'It does not fire again.',
  atOnce: 'at once',
  clockChange: '{when} (the clocks change then)',
  inZone: '{when} ({zone})',

  preview: 'It would fire {words}. {next}',
  assumed: '{said} I took it that: {assumptions}.',
  askWhich: '“{phrase}” can mean several times. Which one: {options}?',
  phrase: '“{phrase}”',
  askPast: '{when} is over. Shall it be {options}?',
  saidPast: '{when} is over. When shall it be?',
  askWhen: 'I do not see in “{phrase}” when that is. When shall it be?',
  askZone: 'In which time zone is that? Name a city, or a zone such as Europe/Berlin.',
  askOnce: '“{phrase}” repeats; I need one time.',
  or: '{first} or {last}',

  created: 'Created “{name}”: {words}. {next}',
  changedByKey: 'Changed “{name}”: {words}. {next}',
  unchanged: '“{name}” is there already: {words}. {next}',
  found:
    '{count, plural, =0 {There is no such schedule.} one {# schedule: {list}.} other {# schedules: {list}.}}{more, plural, =0 {} other { There are more.}}',
  foundOne: '“{name}”, {when}',
  foundIdle: '“{name}”, {status}',
  runs: '{count, plural, =0 {“{name}” has not run yet.} other {The last run of “{name}”, {when}: {status}.}}',
  runOutput:
    'The run of “{name}”, {when}: {status}. {total, plural, =0 {It has no output.} other {Its output has {total, number} characters.}}',
  edited: 'Changed “{name}”: {words}. {next}',
  editedNothing: '“{name}” is as it was: {words}. {next}',
  paused: '{until, select, none {“{name}” is paused.} other {“{name}” is paused until {until}.}}',
  resumed: '“{name}” fires again. {next}',
  ranNow: '“{name}” runs now.',
  skippedNext: 'The next fire of “{name}”, {when}, is skipped. {next}',
  cancelledRun:
    '{asked, select, yes {The run of “{name}” is told to end.} other {The run of “{name}” is cancelled.}}',
  deleted: '“{name}” is deleted; it can be restored.',
  restored: '“{name}” is there again. {next}',
  followUp: 'I will ask again {when}, unless there is an answer before.',

  statusActive: 'active',
  statusPaused: 'paused',
  statusCompleted: 'done',
  runQueued: 'waits',
  runRunning: 'is at work',
  runRetrying: 'is tried again',
  runSucceeded: 'succeeded',
  runFailed: 'failed',
  runTimedOut: 'took too long',
  statusCancelled: 'cancelled',
  runSkipped: 'was skipped',

  refused: 'That cannot be done: {what}',
  notFound: 'I find no such schedule.',
  runNotFound: 'I find no such run.',
  notAllowed: 'You may not do that.',
  changedMeanwhile: 'Somebody has changed it meanwhile. Look at it again first.',
  unavailable: 'That does not work at the moment. Try again in a minute.',
};

export type TextKey = keyof typeof en;
