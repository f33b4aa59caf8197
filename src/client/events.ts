import { calling, type TraceOptions } from './acting.ts';
import type { Send } from './chime.ts';
import type {
  ChimeEvent,
  CreatedEventHandler,
  CreateEventHandlerInput,
  EventHandler,
  EventHandlerPatch,
} from './event_types.ts';
import { eventHandlerFields } from './event_types.ts';
import { newestOf } from './newest.ts';
import { fromRow, isId, namedCall, toPatch } from './rows.ts';

/** An event `e`, as `ChimeEvent` has it. */
export const eventColumns =
  'e.id, e.name, e.payload, e.handler_count, e.cause_run_id, e.depth, e.actor, e.traceparent, e.created_at';

/** Events: what programs say to have happened. */
export class Events {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  /**
   * Says that something happened: the runs of all event handlers that it concerns are made with it. In a transaction
   * (`chime.withTransaction(client)`) all of that belongs to the transaction.
   */
  async trigger(
    name: string,
    payload: Record<string, unknown> = {},
    options: TraceOptions = {},
  ): Promise<ChimeEvent> {
    const { from, values } = calling(
      'chime.trigger_event',
      ['$1::text', '$2::jsonb'],
      [name, JSON.stringify(payload)],
      'e',
      options,
    );
    return fromRow<ChimeEvent>((await this.#send(`select ${eventColumns} from ${from}`, values))[0] ?? {});
  }

  /** The latest events first; `name` is one, or the beginning of some (`order.*`). */
  async list({ name, limit = 20 }: { name?: string; limit?: number } = {}): Promise<ChimeEvent[]> {
    const begins = name?.endsWith('.*') === true || name === '*';
    const rows = await this.#send(
      name !== undefined && !begins
        ? `select ${eventColumns} from chime.events e
           where e.tenant_id = chime.current_tenant() and e.name = $2 order by e.id desc limit $1`
        : `select ${eventColumns} from (
             select * from ${newestOf('chime.events', begins ? 'and starts_with(r.name, $2)' : '')}) e
           order by e.id desc limit $1`,
      [limit, ...(name === undefined ? [] : [begins ? name.slice(0, -1) : name])],
    );
    return rows.map((row) => fromRow<ChimeEvent>(row));
  }
}

const handlerColumns = `h.id, h.key, h.name, h.description, h.event, h.filter, h.task, h.payload, h.delay::text as delay,
  h.debounce::text as debounce, h.debounce_by, h.deliver, h.channel_mapping_id, h.enabled, h.revision, h.created_at, h.updated_at`;

/** Event handlers: which events run which tasks. A reference is an id, a key or a name. */
export class EventHandlers {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  /** Creates an event handler; with the key of one that exists, changes that to what is given. */
  async create(input: CreateEventHandlerInput): Promise<CreatedEventHandler> {
    const { text, values } = namedCall('chime.create_event_handler', input, eventHandlerFields);
    return fromRow<CreatedEventHandler>((await this.#send(text, values))[0] ?? {});
  }

  /** Changes fields: absent keeps, null clears. */
  async update(
    reference: string,
    patch: EventHandlerPatch,
    { expectedRevision }: { expectedRevision?: number } = {},
  ): Promise<EventHandler> {
    return this.#change('chime.update_event_handler($1, $2, $3)', reference, [
      JSON.stringify(toPatch(patch)),
      expectedRevision ?? null,
    ]);
  }

  async get(reference: string): Promise<EventHandler> {
    return this.#one(`chime.find_event_handler($1)`, [reference]);
  }

  /** Those that are not deleted, by the events that they answer. */
  async list({ limit = 100 }: { limit?: number } = {}): Promise<EventHandler[]> {
    const rows = await this.#send(
      `select ${handlerColumns} from chime.event_handlers h
       where h.tenant_id = chime.current_tenant() and h.deleted_at is null order by h.event, h.created_at limit $1`,
      [limit],
    );
    return rows.map((row) => fromRow<EventHandler>(row));
  }

  /** Lets it answer events again, from now on. */
  async enable(reference: string): Promise<EventHandler> {
    return this.#change('chime.enable_event_handler($1)', reference);
  }

  /** Keeps it from answering events; runs that exist go on. */
  async disable(reference: string): Promise<EventHandler> {
    return this.#change('chime.disable_event_handler($1)', reference);
  }

  /** Removes it from view; its runs stay readable. */
  async delete(reference: string): Promise<EventHandler> {
    return this.#change('chime.delete_event_handler($1)', reference);
  }

  async #change(call: string, reference: string, values: unknown[] = []): Promise<EventHandler> {
    const id = isId(reference) ? reference : (await this.get(reference)).id;
    return this.#one(call, [id, ...values]);
  }

  async #one(call: string, values: unknown[]): Promise<EventHandler> {
    return fromRow<EventHandler>(
      (await this.#send(`select ${handlerColumns} from ${call} h`, values))[0] ?? {},
    );
  }
}
