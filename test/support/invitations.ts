// Invitations as the calendars of others write them.

/** Lines as they are sent. */
const file = (text: string): string => `${text.trim().replaceAll('\n', '\r\n')}\r\n`;

/** As Google sends it: the zone by its name of IANA, the definition beside it. */
export const google = ({
  start = '20261201T100000',
  end = '20261201T110000',
  more = '',
  method = 'REQUEST',
} = {}) =>
  file(`
BEGIN:VCALENDAR
PRODID:-//Google Inc//Google Calendar 70.9054//EN
VERSION:2.0
CALSCALE:GREGORIAN
METHOD:${method}
BEGIN:VTIMEZONE
TZID:Europe/Berlin
X-LIC-LOCATION:Europe/Berlin
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
DTSTART;TZID=Europe/Berlin:${start}
DTEND;TZID=Europe/Berlin:${end}
DTSTAMP:20261119T120000Z
ORGANIZER;CN=Bob:mailto:bob@example.com
UID:4kq0example@google.com
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=
 TRUE;CN=ann@example.com;X-NUM-GUESTS=0:mailto:ann@example.com
X-GOOGLE-CONFERENCE:https://meet.example.com/abc-defg-hij
DESCRIPTION:Line one\\nLine two\\, with <b>tags</b>
LAST-MODIFIED:20261119T120000Z
LOCATION:
SEQUENCE:0
STATUS:CONFIRMED
SUMMARY:Plan <Q1> & more
TRANSP:OPAQUE${more === '' ? '' : `\n${more}`}
END:VEVENT
END:VCALENDAR`);

/** As Outlook and Exchange send it: zones by the names that Windows has, which only the file explains. */
export const outlook = ({
  tzid = 'W. Europe Standard Time',
  zone = undefined as string | undefined,
  start = '20261201T100000',
  end = '20261201T103000',
  more = '',
  method = 'REQUEST',
  events = '',
} = {}) =>
  file(`
BEGIN:VCALENDAR
METHOD:${method}
PRODID:Microsoft Exchange Server 2010
VERSION:2.0
BEGIN:VTIMEZONE
TZID:${zone ?? tzid}
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
ORGANIZER;CN=Bob:mailto:bob@example.com
DESCRIPTION;LANGUAGE=de-DE:Bitte vorbereiten.\\n
UID:040000008200E00074C5B7101A82E00800000000
SUMMARY;LANGUAGE=de-DE:Jour fixe
DTSTART;TZID=${tzid}:${start}
DTEND;TZID=${tzid}:${end}
CLASS:PUBLIC
PRIORITY:5
DTSTAMP:20261119T120000Z
TRANSP:OPAQUE
STATUS:CONFIRMED
SEQUENCE:0
LOCATION;LANGUAGE=de-DE:Raum 3
X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE${more === '' ? '' : `\n${more}`}
END:VEVENT${events === '' ? '' : `\n${events.trim()}`}
END:VCALENDAR`);

/** As Apple's calendar exports it: no method, whole days, alarms. */
export const apple = ({ start = '20261203', end = '20261204', more = '' } = {}) =>
  file(`
BEGIN:VCALENDAR
CALSCALE:GREGORIAN
PRODID:-//Apple Inc.//macOS 15.1//EN
VERSION:2.0
X-APPLE-CALENDAR-COLOR:#1BADF8
BEGIN:VEVENT
CREATED:20261119T120000Z
DTEND;VALUE=DATE:${end}
DTSTAMP:20261119T120000Z
DTSTART;VALUE=DATE:${start}
LAST-MODIFIED:20261119T120000Z
SEQUENCE:0
SUMMARY:Выходной 🎉
TRANSP:TRANSPARENT
UID:0B7F2C0E-1111-4E3B-9B6B-EXAMPLE
URL;VALUE=URI:
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER:-PT15H
UID:ALARM-EXAMPLE
END:VALARM${more === '' ? '' : `\n${more}`}
END:VEVENT
END:VCALENDAR`);

/** An event with nothing around it that is not needed. */
export const plain = (lines: string, { before = '' } = {}) =>
  file(`
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//x//x//EN
${before === '' ? '' : `${before.trim()}\n`}BEGIN:VEVENT
${lines.trim()}
END:VEVENT
END:VCALENDAR`);
