-- Words and numbers of each language: what any description of a rule is made of. Languages are `en` and `ru`.
-- Russian names are wanted in several cases: nominative, genitive, accusative, prepositional, and the dative plural
-- ("по понедельникам").

create or replace function chime_private.check_locale(locale text) returns text
language plpgsql immutable parallel safe
as $$
begin
  if locale ~* '^(en|ru)([-_.@]|$)' then
    return lower(left(locale, 2));
  end if;
  perform chime_private.fail('CH007', format('There are no descriptions in the locale "%s".', coalesce(left(locale, 40), 'null')),
    'Locales are en and ru.', jsonb_build_object('field', 'locale'));
  return null;
end $$;
comment on function chime_private.check_locale is
  'The language of a locale such as en, en-GB or ru_RU.UTF-8. Raises CH007 where there are no words for it.';

create or replace function chime_private.list_words(items text[], locale text, conjunction text default 'and') returns text
language sql immutable strict parallel safe
as $$
  select case when cardinality(items) < 2 then items[1]
    else array_to_string(items[: cardinality(items) - 1], ', ')
      || case when locale = 'en' then ' ' || conjunction || ' ' when conjunction = 'and' then ' и ' else ' или ' end
      || items[cardinality(items)] end
$$;
comment on function chime_private.list_words is 'a, b and c; conjunction is and, or.';

create or replace function chime_private.short_list_words(
  items text[], most integer, locale text, conjunction text default 'and'
) returns text
language plpgsql immutable strict parallel safe
as $$
begin
  return chime_private.list_words(case when cardinality(items) > most + 1 then items[: most] else items end, locale, conjunction);
end $$;
comment on function chime_private.short_list_words is
  'a, b and c: at most so many items, of which nobody reads more; more_words says how many are left.';

create or replace function chime_private.more_words(items text[], most integer, locale text, conjunction text default 'and') returns text
language sql immutable strict parallel safe
as $$
  select case when cardinality(items) <= most + 1 then ''
    when locale = 'en' then format(' (%s %s more)', conjunction, cardinality(items) - most)
    else format(case conjunction when 'and' then ' (и ещё %s)' else ' (или ещё %s)' end, cardinality(items) - most) end
$$;
comment on function chime_private.more_words is 'How many items short_list_words leaves out, in parentheses; empty where it has all of them.';

create or replace function chime_private.plural_form(count bigint) returns integer
language sql immutable strict parallel safe
as $$
  select case when count % 10 = 1 and count % 100 <> 11 then 1
    when count % 10 between 2 and 4 and count % 100 not between 12 and 14 then 2
    else 3 end
$$;
comment on function chime_private.plural_form is 'Which form a Russian noun has after this number: 1 минута, 2 минуты, 5 минут.';

create or replace function chime_private.count_words(count numeric, unit text, locale text) returns text
language sql immutable strict parallel safe
as $$
  select case when locale = 'en' then trim_scale(count) || ' ' || unit || case count when 1 then '' else 's' end
    else replace(trim_scale(count)::text, '.', ',') || ' ' || (case unit
        when 'second' then '{секунду,секунды,секунд}' when 'minute' then '{минуту,минуты,минут}'
        when 'hour' then '{час,часа,часов}' when 'day' then '{день,дня,дней}' when 'week' then '{неделю,недели,недель}'
        when 'month' then '{месяц,месяца,месяцев}' when 'year' then '{год,года,лет}' end::text[])
      [case when count = trunc(count) then chime_private.plural_form(count::bigint) else 2 end] end
$$;
comment on function chime_private.count_words is
  'So many seconds, minutes, hours, days, weeks, months or years (unit is the English singular), in the accusative.';

create or replace function chime_private.every_words(count numeric, unit text, locale text) returns text
language sql immutable strict parallel safe
as $$
  select case
    when count <> 1 then case locale when 'en' then 'every ' else 'каждые ' end || chime_private.count_words(count, unit, locale)
    when locale = 'en' then 'every ' || unit
    else case when unit in ('second', 'minute', 'week') then 'каждую' else 'каждый' end
      || substr(chime_private.count_words(1, unit, locale), 2) end
$$;
comment on function chime_private.every_words is 'Every 15 minutes, every minute.';

create or replace function chime_private.day_ordinal(day integer) returns text
language sql immutable strict parallel safe
as $$
  select day || case when day % 100 between 11 and 13 then 'th'
    else case day % 10 when 1 then 'st' when 2 then 'nd' when 3 then 'rd' else 'th' end end
$$;
comment on function chime_private.day_ordinal is 'An English ordinal in digits: 1st, 22nd. A Russian one is the number with an ending: 1-го, 1-е, 1-му.';

create or replace function chime_private.ordinal_words(number integer, locale text, gender text default 'm', grammatical_case text default 'accusative')
returns text
language sql immutable strict parallel safe
as $$
  select case
    when locale = 'en' then
      case when number = -1 then 'last'
        when abs(number) <= 5 then ('{first,second,third,fourth,fifth}'::text[])[abs(number)]
        else chime_private.day_ordinal(abs(number)) end || case when number < -1 then ' to last' else '' end
    when number not between -2 and 5 then
      abs(number) || case gender when 'm' then '-й' when 'n' then '-е'
          else case grammatical_case when 'accusative' then '-ю' when 'genitive' then '-й' else '-я' end end
        || case when number < 0 then ' с конца' else '' end
    else (case
        when gender = 'm' then '{предпоследний,последний,—,первый,второй,третий,четвёртый,пятый}'
        when gender = 'n' then '{предпоследнее,последнее,—,первое,второе,третье,четвёртое,пятое}'
        when grammatical_case = 'genitive' then '{предпоследней,последней,—,первой,второй,третьей,четвёртой,пятой}'
        when grammatical_case = 'accusative' then '{предпоследнюю,последнюю,—,первую,вторую,третью,четвёртую,пятую}'
        else '{предпоследняя,последняя,—,первая,вторая,третья,четвёртая,пятая}' end::text[])[number + 3] end
$$;
comment on function chime_private.ordinal_words is
  'First, second, ...; last (-1), second to last (-2), ...; the gender (m, f, n) and the case (the genitive of f alone) are for Russian.';

create or replace function chime_private.ordinal_items(numbers integer[], locale text, gender text, grammatical_case text) returns text[]
language plpgsql immutable strict parallel safe
as $$
declare
  c_least constant integer := 4;  -- a stretch of so many is told by its ends, but for those up to five, which are told in words
  v_items text[] := '{}';
  v_runs record;
  v_low integer;
  v_high integer;
begin
  if 5 >= all (numbers) then
    return array(select chime_private.ordinal_words(n, locale, gender, grammatical_case) from unnest(numbers) n order by n < 0, abs(n));
  end if;
  v_runs := chime_private.value_runs(array(select n from unnest(numbers) n where n > 0 order by n));
  for v_low, v_high in select r.low, r.high from unnest(v_runs.lows, v_runs.highs) r(low, high) order by r.low loop
    v_items := v_items || case
      when v_high <= 5 or v_high - v_low < c_least - 1 then
        array(select chime_private.ordinal_words(n, locale, gender, grammatical_case) from generate_series(v_low, v_high) n order by n)
      when locale = 'en' then array[chime_private.ordinal_words(v_low, locale) || ' to ' || chime_private.ordinal_words(v_high, locale)]
      else array[v_low || '–' || chime_private.ordinal_words(v_high, locale, gender, grammatical_case)] end;
  end loop;
  return v_items
    || array(select chime_private.ordinal_words(n, locale, gender, grammatical_case) from unnest(numbers) n where n < 0 order by n desc);
end $$;
comment on function chime_private.ordinal_items is
  'First, third, 10th to 20th, last: those from the end, which are negative, follow. Gender and case are for Russian.';

create or replace function chime_private.weekday_words(weekday integer, locale text, grammatical_case text default 'nominative')
returns text
language sql immutable strict parallel safe
as $$
  select (case when locale = 'en' then '{Sunday,Monday,Tuesday,Wednesday,Thursday,Friday,Saturday}'
      else case grammatical_case
        when 'genitive' then '{воскресенья,понедельника,вторника,среды,четверга,пятницы,субботы}'
        when 'accusative' then '{воскресенье,понедельник,вторник,среду,четверг,пятницу,субботу}'
        when 'dative plural' then '{воскресеньям,понедельникам,вторникам,средам,четвергам,пятницам,субботам}'
        else '{воскресенье,понедельник,вторник,среда,четверг,пятница,суббота}' end end::text[])[weekday + 1]
$$;
comment on function chime_private.weekday_words is 'The name of a weekday, 0 = Sunday; the case is for Russian.';

create or replace function chime_private.weekday_gender(weekday integer) returns text
language sql immutable strict parallel safe
as $$ select ('{n,m,m,f,m,f,f}'::text[])[weekday + 1] $$;
comment on function chime_private.weekday_gender is 'The gender of the Russian name of a weekday, 0 = Sunday.';

create or replace function chime_private.month_words(month integer, locale text, grammatical_case text default 'nominative')
returns text
language sql immutable strict parallel safe
as $$
  select (case when locale = 'en' then
        '{January,February,March,April,May,June,July,August,September,October,November,December}'
      else case grammatical_case
        when 'genitive' then '{января,февраля,марта,апреля,мая,июня,июля,августа,сентября,октября,ноября,декабря}'
        when 'prepositional' then '{январе,феврале,марте,апреле,мае,июне,июле,августе,сентябре,октябре,ноябре,декабре}'
        else '{январь,февраль,март,апрель,май,июнь,июль,август,сентябрь,октябрь,ноябрь,декабрь}' end end::text[])[month]
$$;
comment on function chime_private.month_words is 'The name of a month, 1 = January; the case is for Russian.';

create or replace function chime_private.in_ru(words text) returns text
language sql immutable strict parallel safe
as $$ select case when words ~ '^(вт|2[-–])' then 'во ' else 'в ' end || words $$;
comment on function chime_private.in_ru is 'Russian "в", which is "во" before вторник, второй and 2-й.';

create or replace function chime_private.from_ru(words text) returns text
language sql immutable strict parallel safe
as $$ select case when words ~ '^(вт|ср)' then 'со ' else 'с ' end || words $$;
comment on function chime_private.from_ru is 'Russian "с", which is "со" before вторника and среды.';

create or replace function chime_private.clock_words(second integer, with_seconds boolean) returns text
language sql immutable strict parallel safe
as $$
  select lpad((second / 3600)::text, 2, '0') || ':' || lpad((second / 60 % 60)::text, 2, '0')
    || case when with_seconds then ':' || lpad((second % 60)::text, 2, '0') else '' end
$$;
comment on function chime_private.clock_words is 'A second of the day as a clock shows it: 09:00 or 09:00:30.';

create or replace function chime_private.span_words(lows integer[], highs integer[], with_seconds boolean, locale text) returns text
language sql immutable strict parallel safe
as $$
  select chime_private.list_words(array_agg(
      case locale when 'en' then 'from ' else 'с ' end || chime_private.clock_words(s.low, with_seconds)
      || case locale when 'en' then ' to ' else ' до ' end || chime_private.clock_words(s.high, with_seconds) order by s.low), locale)
  from unnest(lows, highs) s(low, high)
$$;
comment on function chime_private.span_words is 'From 09:00 to 12:45 and from 14:00 to 17:45; bounds are seconds of the day.';
