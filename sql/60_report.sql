-- Reports: one read-only statement that somebody wrote, run as the role that may only read. Inside a function with
-- the rights of its owner Postgres refuses SET ROLE and SET SESSION AUTHORIZATION, so the statement cannot leave that
-- role whoever the connection logged in as; and it cannot make a read-only transaction writable again.
--
-- Values travel as JSON text by their position: json (unlike jsonb, and unlike an object of JavaScript) keeps columns of the
-- same name apart, and numbers with every digit that they have.

create or replace function chime_private.run_report(statement text, most integer, most_bytes integer)
returns table (columns text[], line text[], truncated boolean)
language plpgsql volatile security definer set search_path = pg_catalog, chime, public, pg_temp
as $$
declare
  v_cursor refcursor;
  v_row record;
  v_json json;
  v_room bigint := most_bytes;
  v_share bigint;
  v_text text;
begin
  if current_setting('transaction_read_only') <> 'on' then
    raise exception using errcode = 'CH021', message = 'A report runs in a read-only transaction.';
  end if;
  begin
    open v_cursor no scroll for execute statement;
  exception when invalid_cursor_definition then
    raise exception using errcode = 'CH021', message = 'A report is one statement that reads: ' || sqlerrm || '.',
      hint = 'Write a single SELECT, without a semicolon and another statement behind it.';
  end;
  fetch v_cursor into v_row;
  columns := array(select o.k from json_object_keys(row_to_json(v_row)) with ordinality o(k, n) order by o.n);
  truncated := false;
  return next;
  columns := null;
  while found loop
    v_json := row_to_json(v_row);
    v_room := v_room - octet_length(v_json::text);
    truncated := most = 0 or v_room < 0;
    exit when truncated and (most = 0 or line is not null);
    line := array(select e.value::text from json_each(v_json) with ordinality e(key, value, n) order by e.n);
    if truncated then
      -- Too large by itself: it is the only row, and each of its values is cut to its share.
      v_share := greatest(0, most_bytes - (octet_length(v_json::text) - octet_length(array_to_string(line, ''))))
        / greatest(1, cardinality(line));
      for v_index in 1..cardinality(line) loop
        continue when octet_length(line[v_index]) <= v_share;
        v_text := left(line[v_index]::json #>> '{}', v_share::integer);
        -- Escapes and characters of several bytes take more room than that.
        while v_text <> '' and octet_length(to_json(v_text)::text) > v_share loop
          v_text := left(v_text, (length(v_text) * v_share / octet_length(to_json(v_text)::text))::integer);
        end loop;
        line[v_index] := to_json(v_text)::text;
      end loop;
    end if;
    return next;
    exit when truncated;
    most := most - 1;
    fetch v_cursor into v_row;
  end loop;
  if truncated then
    line := null;
    return next;
  end if;
end $$;
comment on function chime_private.run_report is
  'The result of one statement: first a line with its column names; then its rows, each value as JSON text, `most` of them and '
  '`most_bytes` of JSON at most; last, where that is not all of it, a line that only says truncated. The first row comes also if '
  'it is larger than most_bytes: its values are cut then, and those that were cut are text.';
