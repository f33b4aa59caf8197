-- Reports: one read-only statement that somebody wrote, run as the role that may only read. Inside a function with
-- the rights of its owner Postgres refuses SET ROLE and SET SESSION AUTHORIZATION, so the statement cannot leave that
-- role whoever the connection logged in as; and it cannot make a read-only transaction writable again.

create or replace function chime_private.run_report(statement text, most integer)
returns table (columns text[], line json)
language plpgsql volatile security definer set search_path = pg_catalog, chime, public, pg_temp
as $$
declare
  v_cursor refcursor;
  v_row record;
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
  columns := array(select json_object_keys(row_to_json(v_row)));
  return next;
  columns := null;
  while found and most > 0 loop
    line := row_to_json(v_row);
    return next;
    most := most - 1;
    fetch v_cursor into v_row;
  end loop;
end $$;
comment on function chime_private.run_report is
  'The result of one statement: first a line with its column names, then its rows as JSON, `most` of them at most.';
