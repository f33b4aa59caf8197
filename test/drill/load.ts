// What a drill keeps busy with, and the evidence it lets the database write: each start and each end of a run, whoever caused it.
import type pg from 'pg';

const evidence = `
  create schema drill;
  create table drill.executions (run_id uuid, attempt integer, what text, pid integer, at timestamptz);
  create table drill.starts (run_id uuid, attempt integer, worker_id uuid, at timestamptz);
  create table drill.ends (run_id uuid, attempt integer, status text, at timestamptz);
  create table drill.faults (kind text, worker_id uuid, at timestamptz default clock_timestamp());
  create function drill.note() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
  begin
    if new.status = 'running' then
      insert into drill.starts values (new.id, new.attempt, new.worker_id, clock_timestamp());
    elsif new.finished_at is not null then
      insert into drill.ends values (new.id, new.attempt, new.status::text, clock_timestamp());
    end if;
    return null;
  end $$;
  create trigger drill_note after update of status on chime.runs for each row
    when (old.status is distinct from new.status) execute function drill.note()`;

/** Rules of all kinds, often enough that no moment of the drill is without a fire. */
const rules = [
  "every => '1 second'",
  "every => '2 seconds', jitter => '1 second'",
  "cron => '* * * * * *'",
  "cron => '*/3 * * * * *', timezone => 'Europe/Berlin'",
  "rrule => 'FREQ=SECONDLY;INTERVAL=7'",
  'rules => \'[{"every": "5 seconds"}, {"cron": "*/4 * * * * *"}]\'',
];

/** How long its runs take, and whether one may begin before the last has ended. */
const shapes = [
  { ms: 5, policy: "overlap => 'allow'" },
  { ms: 300, policy: "overlap => 'skip'" },
  { ms: 1500, policy: "overlap => 'allow'" },
  { ms: 20, policy: "overlap => 'allow', max_retries => 2, retry_delay => '1 second'", failEvery: 5 },
  { ms: 400, policy: "overlap => 'buffer_one'" },
  { ms: 50, policy: "overlap => 'allow', concurrency_key => 'drill'" },
];

export async function prepare(client: pg.Client): Promise<void> {
  await client.query(evidence);
  await client.query("select chime.set_concurrency_limit('drill', 3)");
}

/** So many schedules, of every rule with every shape in turn. */
export async function createSchedules(client: pg.Client, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const rule = rules[index % rules.length];
    const { policy, ...payload } = shapes[
      Math.floor(index / rules.length) % shapes.length
    ] as (typeof shapes)[0];
    await client.query(
      `select chime.create_schedule(task => 'drill_step', key => $1, payload => $2, catch_up => 'all', ${rule}, ${policy})`,
      [`drill-${index}`, JSON.stringify(payload)],
    );
  }
}
