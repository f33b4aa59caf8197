-- Several rules in one schedule, which fires when any of them does.

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
      perform chime_private.fail('CH001', format('The rule %s cannot be read: %s.', left(v_element::text, 80), sqlerrm), c_hint);
    end;
  end loop;
  return v_rules;
end $$;
comment on function chime_private.read_rules is 'Compiles the rules of a schedule that has several. Raises CH001, CH002, CH003, CH007.';

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
