-- When a schedule fires, from what is given to what is compiled: its rule, or several, of which any makes it fire, and its calendars.

create or replace function chime_private.read_rules(s chime.schedules) returns chime_private.rule[]
language plpgsql stable
as $$
declare
  c_hint constant text := 'For example [{"cron": "0 9 * * MON-FRI"}, {"cron": "0 11 * * SAT,SUN"}]; a rule is one of cron, every, at and rrule, with its anchor if it counts from one.';
  v_element jsonb;
  v_unknown text;
  v_rules chime_private.rule[];
begin
  if jsonb_typeof(s.rules) <> 'array' or jsonb_array_length(s.rules) not between 1 and 20 then
    perform chime_private.fail('CH001', 'rules must be a list of 1 to 20 rules.', c_hint);
  end if;
  for v_element in select e from jsonb_array_elements(s.rules) e loop
    if jsonb_typeof(v_element) <> 'object' then
      perform chime_private.fail('CH001', format('%s is not a rule.', left(v_element::text, 80)), c_hint);
    end if;
    select k into v_unknown from jsonb_object_keys(v_element) k where k <> all ('{cron,every,at,rrule,anchor}');
    if v_unknown is not null then
      perform chime_private.fail('CH007', format('A rule in a list has no field "%s".', left(v_unknown, 80)),
        'Its zone, bounds and policies are those of the schedule.', jsonb_build_object('field', left(v_unknown, 80)));
    end if;
    begin
      v_rules := v_rules || chime_private.read_rule(v_element ->> 'cron', (v_element ->> 'every')::interval, v_element ->> 'at', v_element ->> 'rrule',
        s.timezone, s.dst_gap, s.dst_fold, date_trunc('second', coalesce((v_element ->> 'anchor')::timestamptz, s.anchor)), s.starts_at, s.ends_at);
    exception when data_exception then
      perform chime_private.fail('CH001', format('The rule %s cannot be read: %s.', left(v_element::text, 80), left(sqlerrm, 120)), c_hint);
    end;
  end loop;
  return v_rules;
end $$;
comment on function chime_private.read_rules is 'Compiles the rules of a schedule that has several. Raises CH001, CH002, CH003, CH007.';

create or replace function chime_private.set_rules(
  s chime.schedules, cron text, every interval, at text, rrule text, rules jsonb, repeat_interval text, timezone text,
  dst_gap chime.dst_gap_policy, dst_fold chime.dst_fold_policy, anchor timestamptz, starts_at timestamptz, ends_at timestamptz,
  only_on text[], never_on text[], on_excluded chime.excluded_policy
) returns chime.schedules
language plpgsql immutable
as $$
begin
  -- What is enormous is not carried along: of texts as much as it takes to refuse them further on, by what they should be.
  if pg_column_size(rules) > 1048576 then
    perform chime_private.fail('CH001', 'rules are larger than 1 MB.', 'A schedule has 20 rules at most.');
  elsif greatest(pg_column_size(only_on), pg_column_size(never_on)) > 1048576 then
    perform chime_private.fail('CH007', 'The lists of calendars are larger than 1 MB.', 'only_on and never_on have 20 names at most, each of 200 characters at most.');
  end if;
  s.cron := left(cron, 501); s.every := every; s.at := left(at, 101); s.rrule := left(rrule, 20001); s.rules := rules;
  s.timezone := left(timezone, 101); s.dst_gap := dst_gap; s.dst_fold := dst_fold;
  s.anchor := anchor; s.starts_at := starts_at; s.ends_at := ends_at;
  s.only_on := only_on; s.never_on := never_on; s.on_excluded := on_excluded;
  return chime_private.apply_repeat(s, repeat_interval, coalesce(anchor, starts_at));
end $$;
comment on function chime_private.set_rules is 'A definition with what somebody gave as its rule and what belongs to it, not yet checked. Raises CH001, CH007.';

create or replace function chime_private.define_rules(s chime.schedules, start timestamptz) returns chime.schedules
language plpgsql stable
as $$
begin
  perform chime_private.check_instants(s.starts_at, s.ends_at, s.anchor);
  s.timezone := chime_private.check_timezone(s.timezone);
  s.dst_gap := coalesce(s.dst_gap, chime_private.default_dst_gap(s.rrule));
  s.dst_fold := coalesce(s.dst_fold, 'first');
  s.on_excluded := coalesce(s.on_excluded, 'skip');
  s.anchor := case when s.every is not null or s.rules is not null or not chime_private.rrule_has_start(s.rrule) then
    date_trunc('second', coalesce(s.anchor, s.starts_at, start)) end;
  return chime_private.compile_schedule(s);
end $$;
comment on function chime_private.define_rules is
  'Fills in the defaults of what says when a schedule fires, and compiles it; without anchor and starts_at it counts from start. '
  'Raises CH001, CH002, CH003, CH007.';

create or replace function chime_private.compile_schedule(s chime.schedules) returns chime.schedules
language plpgsql stable
as $$
declare
  v_rules chime_private.rule[];
begin
  s.more_rules := null;
  if s.rules is null then
    s.rule := chime_private.read_rule(s.cron, s.every, s.at, s.rrule, s.timezone, s.dst_gap, s.dst_fold, s.anchor, s.starts_at, s.ends_at);
  elsif num_nonnulls(s.cron, s.every, s.at, s.rrule) > 0 then
    perform chime_private.fail('CH001', 'There is more than one rule.', 'Give exactly one of cron, every, at, rrule and rules.');
  else
    v_rules := chime_private.read_rules(s);
    s.rule := v_rules[1];
    if cardinality(v_rules) > 1 then s.more_rules := v_rules[2:]; end if;
  end if;
  s.excluded := chime_private.excluded_time(s);
  return s;
end $$;
comment on function chime_private.compile_schedule is
  'A definition with its rules and calendars compiled. Raises CH001, CH002, CH003, CH007.';
