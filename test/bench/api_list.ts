// What the benchmark of the API lists, said twice: in GraphQL, and in SQL for the side that has nothing else.

/** The name of the operation, as persisted operations have it. */
export const listOperation = 'schedules-with-last-run';

export const listDocument = `query Schedules {
  schedules(first: 50) {
    nodes {
      id key name task cron timezone status nextRunAt createdAt
      lastRun { id status startedAt finishedAt outputSummary }
    }
  }
}`;

const instant = (column: string, name: string) =>
  `to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS.USTZH:TZM') as "${name}"`;

export const listQuery = `select s.id, s.key, s.name, s.task, s.cron, s.timezone, upper(s.status::text) as status,
  ${instant('s.next_run_at', 'nextRunAt')}, ${instant('s.created_at', 'createdAt')},
  r.id as "runId", upper(r.status::text) as "runStatus", ${instant('r.started_at', 'runStartedAt')},
  ${instant('r.finished_at', 'runFinishedAt')}, r.output_summary as "runOutputSummary"
from chime.schedules s left join chime.runs r on r.id = s.last_run_id
where s.deleted_at is null order by s.id limit 50`;

export type ListRow = Record<
  'runId' | 'runStatus' | 'runStartedAt' | 'runFinishedAt' | 'runOutputSummary',
  string | null
>;
