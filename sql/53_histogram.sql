-- Histograms from which quantiles are read: counts of values in buckets whose bounds grow by a factor of 2^(1/8), so that a quantile
-- is less than 5 % off, and histograms can be added. An array from the lowest bucket that has a value to the highest; null is none.

create or replace function chime_private.histogram_bucket(microseconds bigint) returns integer
language sql immutable parallel safe
-- Not strict, so that the planner can put it in the place of each call: there are many.
as $$ select floor(8 * ln((case when microseconds < 1 then 1 else microseconds end)::double precision) / ln(2::double precision) + 1e-9)::integer $$;
comment on function chime_private.histogram_bucket is 'The bucket of a value: the n-th begins at 2^(n/8) microseconds; all below one microsecond are in the first.';

create or replace function chime_private.histogram_of(buckets integer[]) returns bigint[]
language plpgsql immutable parallel safe
as $$
declare
  v_counts bigint[];
  v_bucket integer;
begin
  foreach v_bucket in array coalesce(buckets, '{}') loop
    continue when v_bucket is null;
    v_counts[v_bucket] := coalesce(v_counts[v_bucket], 0) + 1;
  end loop;
  return v_counts;
end $$;
comment on function chime_private.histogram_of is 'The histogram of values, given by their buckets.';

create or replace function chime_private.add_histograms(a bigint[], b bigint[]) returns bigint[]
language plpgsql immutable parallel safe
as $$
begin
  if a is null or b is null then return coalesce(a, b); end if;
  for v_bucket in array_lower(b, 1)..array_upper(b, 1) loop
    continue when b[v_bucket] is null;
    a[v_bucket] := coalesce(a[v_bucket], 0) + b[v_bucket];
  end loop;
  return a;
end $$;
comment on function chime_private.add_histograms is 'The histogram of the values of both.';

create or replace aggregate chime_private.sum_histograms(bigint[]) (sfunc = chime_private.add_histograms, stype = bigint[], parallel = safe);
comment on aggregate chime_private.sum_histograms(bigint[]) is 'The histogram of the values of all.';

create or replace function chime_private.quantile_ms(histogram bigint[], share double precision) returns double precision
language plpgsql immutable strict parallel safe
as $$
declare
  v_total bigint := 0;
  v_seen bigint := 0;
  v_count bigint;
begin
  foreach v_count in array histogram loop
    v_total := v_total + coalesce(v_count, 0);
  end loop;
  for v_bucket in array_lower(histogram, 1)..array_upper(histogram, 1) loop
    v_seen := v_seen + coalesce(histogram[v_bucket], 0);
    if v_seen >= share * v_total then
      return round((2 ^ ((v_bucket + 0.5) / 8) / 1000)::numeric, 3);
    end if;
  end loop;
  return null;
end $$;
comment on function chime_private.quantile_ms is 'The value, in milliseconds, that this share of the values does not exceed, within 5 %.';
