-- Finding out in which time zone a person is, from what people know: what time it is for them, and in which city they are.

create or replace function chime_private.cities() returns table (place integer, zone text, en text, ru text)
language sql immutable parallel safe
as $$
  -- The best known first: of several with the same clock, the first are offered.
  select row_number() over ()::integer, c.* from (values
    ('Europe/Moscow', 'Moscow', 'Москва'), ('Europe/London', 'London', 'Лондон'), ('Europe/Berlin', 'Berlin', 'Берлин'),
    ('America/New_York', 'New York', 'Нью-Йорк'), ('America/Los_Angeles', 'Los Angeles', 'Лос-Анджелес'), ('America/Chicago', 'Chicago', 'Чикаго'),
    ('Asia/Kolkata', 'Delhi', 'Дели'), ('Asia/Shanghai', 'Beijing', 'Пекин'), ('Asia/Tokyo', 'Tokyo', 'Токио'), ('Asia/Dubai', 'Dubai', 'Дубай'),
    ('Europe/Istanbul', 'Istanbul', 'Стамбул'), ('Europe/Kyiv', 'Kyiv', 'Киев'), ('Europe/Minsk', 'Minsk', 'Минск'), ('Asia/Yekaterinburg', 'Yekaterinburg', 'Екатеринбург'),
    ('Asia/Almaty', 'Almaty', 'Алма-Ата'), ('Asia/Tashkent', 'Tashkent', 'Ташкент'), ('Asia/Tbilisi', 'Tbilisi', 'Тбилиси'), ('Asia/Yerevan', 'Yerevan', 'Ереван'),
    ('Asia/Baku', 'Baku', 'Баку'), ('Europe/Kaliningrad', 'Kaliningrad', 'Калининград'), ('Europe/Samara', 'Samara', 'Самара'), ('Asia/Omsk', 'Omsk', 'Омск'),
    ('Asia/Novosibirsk', 'Novosibirsk', 'Новосибирск'), ('Asia/Krasnoyarsk', 'Krasnoyarsk', 'Красноярск'), ('Asia/Irkutsk', 'Irkutsk', 'Иркутск'),
    ('Asia/Yakutsk', 'Yakutsk', 'Якутск'), ('Asia/Vladivostok', 'Vladivostok', 'Владивосток'), ('Asia/Magadan', 'Magadan', 'Магадан'),
    ('Asia/Kamchatka', 'Petropavlovsk-Kamchatsky', 'Петропавловск-Камчатский'), ('Europe/Paris', 'Paris', 'Париж'), ('Europe/Madrid', 'Madrid', 'Мадрид'),
    ('Europe/Rome', 'Rome', 'Рим'), ('Europe/Amsterdam', 'Amsterdam', 'Амстердам'), ('Europe/Warsaw', 'Warsaw', 'Варшава'), ('Europe/Prague', 'Prague', 'Прага'),
    ('Europe/Vienna', 'Vienna', 'Вена'), ('Europe/Zurich', 'Zurich', 'Цюрих'), ('Europe/Stockholm', 'Stockholm', 'Стокгольм'), ('Europe/Belgrade', 'Belgrade', 'Белград'),
    ('Europe/Athens', 'Athens', 'Афины'), ('Europe/Helsinki', 'Helsinki', 'Хельсинки'), ('Europe/Riga', 'Riga', 'Рига'), ('Europe/Bucharest', 'Bucharest', 'Бухарест'),
    ('Europe/Chisinau', 'Chisinau', 'Кишинёв'), ('Europe/Lisbon', 'Lisbon', 'Лиссабон'), ('Europe/Dublin', 'Dublin', 'Дублин'), ('Asia/Jerusalem', 'Tel Aviv', 'Тель-Авив'),
    ('Africa/Cairo', 'Cairo', 'Каир'), ('Africa/Johannesburg', 'Johannesburg', 'Йоханнесбург'), ('Africa/Nairobi', 'Nairobi', 'Найроби'), ('Africa/Lagos', 'Lagos', 'Лагос'),
    ('Asia/Riyadh', 'Riyadh', 'Эр-Рияд'), ('Asia/Tehran', 'Tehran', 'Тегеран'), ('Asia/Karachi', 'Karachi', 'Карачи'), ('Asia/Dhaka', 'Dhaka', 'Дакка'),
    ('Asia/Kathmandu', 'Kathmandu', 'Катманду'), ('Asia/Bangkok', 'Bangkok', 'Бангкок'), ('Asia/Ho_Chi_Minh', 'Ho Chi Minh City', 'Хошимин'),
    ('Asia/Jakarta', 'Jakarta', 'Джакарта'), ('Asia/Makassar', 'Bali', 'Бали'), ('Asia/Singapore', 'Singapore', 'Сингапур'), ('Asia/Hong_Kong', 'Hong Kong', 'Гонконг'),
    ('Asia/Manila', 'Manila', 'Манила'), ('Asia/Seoul', 'Seoul', 'Сеул'), ('Australia/Perth', 'Perth', 'Перт'), ('Australia/Adelaide', 'Adelaide', 'Аделаида'),
    ('Australia/Brisbane', 'Brisbane', 'Брисбен'), ('Australia/Sydney', 'Sydney', 'Сидней'), ('Pacific/Auckland', 'Auckland', 'Окленд'),
    ('America/Sao_Paulo', 'São Paulo', 'Сан-Паулу'), ('America/Argentina/Buenos_Aires', 'Buenos Aires', 'Буэнос-Айрес'), ('America/Santiago', 'Santiago', 'Сантьяго'),
    ('America/Bogota', 'Bogotá', 'Богота'), ('America/Lima', 'Lima', 'Лима'), ('America/Mexico_City', 'Mexico City', 'Мехико'), ('America/Halifax', 'Halifax', 'Галифакс'),
    ('America/Toronto', 'Toronto', 'Торонто'), ('America/Denver', 'Denver', 'Денвер'), ('America/Phoenix', 'Phoenix', 'Финикс'), ('America/Vancouver', 'Vancouver', 'Ванкувер'),
    ('America/Anchorage', 'Anchorage', 'Анкоридж'), ('Pacific/Honolulu', 'Honolulu', 'Гонолулу'), ('Atlantic/Reykjavik', 'Reykjavik', 'Рейкьявик')
  ) c(zone, en, ru)
$$;
comment on function chime_private.cities is 'Cities that people know, and their time zones.';

create or replace function chime_private.offset_minutes(zone text, now timestamptz) returns integer
language sql stable
as $$ select (extract(epoch from (now at time zone zone) - (now at time zone 'UTC')) / 60)::integer $$;
comment on function chime_private.offset_minutes is 'By how much the clocks of a zone are ahead of UTC at an instant, in minutes.';

create or replace function chime_private.clocks_to_choose(locale text, now timestamptz) returns table (minutes integer, local text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  -- The offsets at which most of those live who speak the language, then the others are asked for by a city.
  select o.minutes, to_char((now at time zone 'UTC') + make_interval(mins => o.minutes), 'HH24:MI')
  from (
    select distinct chime_private.offset_minutes(c.zone, now) as minutes
    from chime_private.cities() c join chime_private.timezones z on z.name = c.zone
    where case locale when 'ru' then c.zone ~ '^(Europe/(Kaliningrad|Moscow|Samara|Berlin|Minsk|Kyiv)|Asia/(Yekaterinburg|Almaty|Novosibirsk|Irkutsk|Yakutsk|Vladivostok))$'
      else c.zone ~ '^(America/(New_York|Chicago|Denver|Los_Angeles)|Europe/(London|Berlin|Athens|Moscow)|Asia/(Dubai|Kolkata|Singapore|Tokyo)|Australia/Sydney)$' end) o
  order by o.minutes
$$;
comment on function chime_private.clocks_to_choose is 'What time it may be for somebody who speaks this language, each with how far it is ahead of UTC.';

create or replace function chime_private.zones_of_clock(clock time, minutes integer, now timestamptz) returns table (zone text, en text, ru text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select c.zone, c.en, c.ru
  from chime_private.cities() c
  join chime_private.timezones z on z.name = c.zone
  cross join lateral (select chime_private.offset_minutes(c.zone, now) as minutes) o
  where o.minutes = zones_of_clock.minutes
    -- Clocks are read to the minute, and answered a moment later.
    or abs((extract(epoch from clock - (now at time zone c.zone)::time) / 60 + 720 + 1440)::integer % 1440 - 720) <= 7
  order by c.place
  limit 8
$$;
comment on function chime_private.zones_of_clock is 'Cities whose clocks show this time at an instant, or are ahead of UTC by so many minutes; the best known first.';

create or replace function chime_private.folded(name text) returns text
language sql immutable strict parallel safe
as $$
  -- lower() knows Cyrillic letters only where the locale of the database does.
  select translate(lower(replace(btrim(name), ' ', '_')), 'АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯё', 'абвгдеежзийклмнопрстуфхцчшщъыьэюяе')
$$;
comment on function chime_private.folded is 'A name as it is compared: in lower case, without what people leave out.';

create or replace function chime_private.find_zones(words text) returns table (zone text, en text, ru text, is_exact boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  with asked as (select chime_private.folded(left(words, 100)) as name),
  known as (
    select c.zone, c.en, c.ru, c.place, array[chime_private.folded(c.en), chime_private.folded(c.ru)] as names
    from chime_private.cities() c join chime_private.timezones z on z.name = c.zone
    union all
    select z.name, l.last, l.last, 1000, array[chime_private.folded(z.name), chime_private.folded(l.last)]
    from chime_private.timezones z
    cross join lateral (select replace(regexp_replace(z.name, '^.*/', ''), '_', ' ') as last) l
    where z.name ~ '/' and z.name !~ '^(Etc|posix|right|SystemV)/' or z.name = 'UTC'
  ), found as (
    select k.*, a.name = any (k.names) as is_exact
    from known k, asked a
    where length(a.name) >= 2 and (a.name = any (k.names)
      or length(a.name) >= 3 and exists (
        select from unnest(k.names) n
        where left(n, greatest(3, length(a.name) / 2)) = left(a.name, greatest(3, length(a.name) / 2))))
  ), best as (
    select distinct on (f.zone) f.zone, f.en, f.ru, f.is_exact, f.place from found f order by f.zone, f.is_exact desc, f.place
  )
  select b.zone, b.en, b.ru, b.is_exact from best b
  where b.is_exact or not exists (select from best o where o.is_exact)
  order by b.place, b.zone
  limit 8
$$;
comment on function chime_private.find_zones is
  'The time zones that somebody may mean: by the name of a zone or a city, in English or Russian; those that are called so exactly, else those that begin nearly so.';
