// Events and their handlers, in few words.
import type { TestDatabase } from './database.ts';

/** Shorthand for one database. */
export function eventsOf(database: TestDatabase) {
  return {
    /** Creates an event handler from named arguments in SQL; answers its id. */
    handler: async (fields: string): Promise<string> =>
      (
        await database.row<{ id: string }>(
          `select id from chime.create_event_handler(${/\btask =>/.test(fields) ? '' : "task => 'noop', "}${fields})`,
        )
      ).id,
    /** Raises an event; answers it. */
    raise: (name: string, payload: unknown = {}) =>
      database.row<{ id: string; handler_count: number; depth: number; created_at: Date }>(
        'select * from chime.trigger_event($1, $2)',
        [name, JSON.stringify(payload)],
      ),
    /** The runs by which a handler answered, in order. */
    answers: (handler: string) =>
      database.rows<{ id: string; payload: unknown; status: string; event_id: string; due_at: Date }>(
        'select * from chime.runs where event_handler_id = $1 order by due_at, created_at, id',
        [handler],
      ),
    waiting: () => database.value<number>('select count(*)::integer from chime_private.event_waits'),
  };
}
