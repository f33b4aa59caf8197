// Time zones as people name them beside a time: by a short form, by a city, or as they are called.
import {
  any,
  dictionary,
  digits,
  glued,
  map,
  opt,
  type Reader,
  type Source,
  seq,
  term,
  w,
} from './grammar.ts';
import type { Piece } from './piece.ts';

/** Short forms are of a place: what its clock shows there on that day, in summer too. */
const shortForms: (readonly [string, string])[] = [
  ['utc gmt', 'UTC'],
  ['msk мск', 'Europe/Moscow'],
  ['cet cest', 'Europe/Berlin'],
  ['eet eest', 'Europe/Helsinki'],
  ['bst', 'Europe/London'],
  ['est edt', 'America/New_York'],
  ['cst cdt', 'America/Chicago'],
  ['mst mdt', 'America/Denver'],
  ['pst pdt', 'America/Los_Angeles'],
  ['ist', 'Asia/Kolkata'],
  ['jst', 'Asia/Tokyo'],
  ['sgt', 'Asia/Singapore'],
  ['hkt', 'Asia/Hong_Kong'],
  ['aest aedt', 'Australia/Sydney'],
];
const exact = new Set([
  'UTC',
  'Europe/Moscow',
  'Asia/Kolkata',
  'Asia/Tokyo',
  'Asia/Singapore',
  'Asia/Hong_Kong',
]);
const shortForm = term(dictionary(shortForms));
const broad = term(
  dictionary([
    ['eastern', 'America/New_York'],
    ['central', 'America/Chicago'],
    ['mountain', 'America/Denver'],
    ['pacific', 'America/Los_Angeles'],
  ]),
);

/** Cities by their names in English, as zones are called after them. */
const cities = new Map<string, string>();
for (const zone of Intl.supportedValuesOf('timeZone')) {
  const city = zone
    .slice(zone.lastIndexOf('/') + 1)
    .replaceAll('_', ' ')
    .toLowerCase();
  if (zone.includes('/') && !zone.startsWith('Etc/') && !cities.has(city)) cities.set(city, zone);
}
for (const [name, zone] of [
  ['kyiv', 'Europe/Kiev'],
  ['st petersburg', 'Europe/Moscow'],
  ['san francisco', 'America/Los_Angeles'],
  ['seattle', 'America/Los_Angeles'],
  ['la', 'America/Los_Angeles'],
  ['nyc', 'America/New_York'],
  ['boston', 'America/New_York'],
  ['washington', 'America/New_York'],
  ['mumbai', 'Asia/Kolkata'],
  ['delhi', 'Asia/Kolkata'],
  ['beijing', 'Asia/Shanghai'],
  ['munich', 'Europe/Berlin'],
  ['hamburg', 'Europe/Berlin'],
  ['barcelona', 'Europe/Madrid'],
  ['milan', 'Europe/Rome'],
  ['tel aviv', 'Asia/Jerusalem'],
  ['india', 'Asia/Kolkata'],
  ['japan', 'Asia/Tokyo'],
  ['uk', 'Europe/London'],
] as const)
  cities.set(name, zone);

/** A city of up to three words. */
const city: Reader<string> = ({ tokens }, at) => {
  for (let length = 3; length >= 1; length--) {
    const name = tokens
      .slice(at, at + length)
      .map(({ word }) => word)
      .join(' ');
    const zone = cities.get(name);
    if (zone !== undefined) return { value: zone, end: at + length };
  }
  return undefined;
};

/** Russian cities by stem: the forms are many. */
const stems: (readonly [RegExp, string])[] = [
  [/^москв|^московск/, 'Europe/Moscow'],
  [/^питер|^петербург|^петербургск/, 'Europe/Moscow'],
  [/^киев|^киевск/, 'Europe/Kiev'],
  [/^минск/, 'Europe/Minsk'],
  [/^берлин/, 'Europe/Berlin'],
  [/^лондон/, 'Europe/London'],
  [/^париж/, 'Europe/Paris'],
  [/^нью$/, 'America/New_York'],
  [/^токи/, 'Asia/Tokyo'],
  [/^пекин/, 'Asia/Shanghai'],
  [/^дуба/, 'Asia/Dubai'],
  [/^стамбул/, 'Europe/Istanbul'],
  [/^тбилис/, 'Asia/Tbilisi'],
  [/^ереван/, 'Asia/Yerevan'],
  [/^алмат/, 'Asia/Almaty'],
  [/^ташкент/, 'Asia/Tashkent'],
  [/^самар/, 'Europe/Samara'],
  [/^калининград/, 'Europe/Kaliningrad'],
  [/^екатеринбург/, 'Asia/Yekaterinburg'],
  [/^омск/, 'Asia/Omsk'],
  [/^новосибирск/, 'Asia/Novosibirsk'],
  [/^красноярск/, 'Asia/Krasnoyarsk'],
  [/^иркутск/, 'Asia/Irkutsk'],
  [/^якутск/, 'Asia/Yakutsk'],
  [/^владивосток/, 'Asia/Vladivostok'],
  [/^гринвич/, 'UTC'],
];
const russianCity: Reader<string> = ({ tokens }, at) => {
  const token = tokens[at];
  if (token?.kind !== 'word') return undefined;
  const zone = stems.find(([stem]) => stem.test(token.word))?.[1];
  if (zone === undefined) return undefined;
  // Нью-Йорк.
  const end = token.word === 'нью' ? (tokens[at + 1]?.word === '-' ? at + 3 : at + 2) : at + 1;
  return { value: zone, end };
};

/** Europe/Berlin: as zones are called. */
const called: Reader<string> = ({ tokens }, at) => {
  const parts: string[] = [];
  let end = at;
  for (let index = at; index < Math.min(at + 8, tokens.length); index++) {
    const token = tokens[index];
    if (token === undefined || (index > at && !token.glued) || !/^([a-z]+|[/_+-]|\d)$/.test(token.word))
      break;
    parts.push(token.text);
    end = index + 1;
    if (index === at && token.kind !== 'word') return undefined;
  }
  for (; parts.length >= 3; parts.pop(), end--) {
    const zone = names.get(parts.join('').toLowerCase());
    if (zone !== undefined) return { value: zone, end };
  }
  return undefined;
};
const names = new Map(Intl.supportedValuesOf('timeZone').map((zone) => [zone.toLowerCase(), zone]));

/** UTC+3: as the zones without summer time are called, whose signs are the other way round. */
const shifted: Reader<string> = map(
  seq(w('utc|gmt'), glued(w('+|-')), glued(digits(1, 2)), opt(seq(glued(w(':')), glued(digits(2, 2))))),
  ([, sign, hours, minutes]) =>
    hours <= 14 && (minutes?.[1] ?? 0) === 0
      ? hours === 0
        ? 'UTC'
        : `Etc/GMT${sign === '+' ? '-' : '+'}${hours}`
      : undefined,
);

const firstWords = new Set(
  [...cities.keys(), ...names.keys()].map((name) => name.split(/[ /]/, 1)[0] as string),
);
/** Whether the name of a place may begin with a word. */
export const isPlace = (word: string): boolean =>
  firstWords.has(word) || stems.some(([stem]) => stem.test(word));

const place = (source: Source, at: number) => any(city, russianCity)(source, at);
const piece = (zone: string, isExact: boolean): Piece[] => [{ kind: 'zone', zone, isExact }];

export const zonePieces: Reader<Piece[]>[] = [
  map(shifted, (zone) => piece(zone, true)),
  map(seq(opt(w('in|at')), called, opt(w('time'))), ([, zone]) => piece(zone, true)),
  map(seq(opt(w('in')), shortForm, opt(w('time'))), ([, zone]) => piece(zone, exact.has(zone))),
  map(seq(opt(w('in')), city, w('time')), ([, zone]) => piece(zone, true)),
  map(seq(broad, w('time')), ([zone]) => piece(zone, true)),
  map(seq(w('по'), any(shortForm, place), opt(w('времени|время'))), ([, zone]) => piece(zone, true)),
  map(seq(opt(w('по')), place, w('времени|время')), ([, zone]) => piece(zone, true)),
];
