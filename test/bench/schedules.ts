// Many schedules in a moment, and a clock that the benchmark moves.
import type pg from 'pg';

/** `count` schedules like one that is created with these arguments, due when that one is. */
export async function fill(
  client: pg.Client,
  count: number,
  fields: string,
  key = 'template',
): Promise<void> {
  const { rows } = await client.query<{ id: string }>(
    `select id from chime.create_schedule(${fields}, key => '${key}')`,
  );
  await client.query(
    `insert into chime.schedules
     select copy.*
     from chime.schedules s, generate_series(2, $2) n,
       -- As a table of its own: a star on the function would call it for each column.
       lateral jsonb_populate_record(s, jsonb_build_object(
         'id', chime_private.new_id(chime.now() - n * interval '1 millisecond'), 'key', s.key || n)) copy
     where s.id = $1`,
    [rows[0]?.id, count],
  );
}

/** Gives each connection a clock that stands, and that it moves by a setting: what is due does not depend on when this runs. */
export async function installClock(client: pg.Client): Promise<void> {
  await client.query(
    `create or replace function chime.now() returns timestamptz language sql volatile as
     $$ select coalesce(current_setting('bench.now', true), '2026-03-01 00:30Z')::timestamptz $$`,
  );
}
