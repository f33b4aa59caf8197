// Events and their handlers, as programs give and get them.
import type { DeliverPolicy } from './delivery_types.ts';

export interface ChimeEvent {
  id: string;
  name: string;
  payload: Record<string, unknown>;
  /** How many event handlers it has set going. */
  handlerCount: number;
  /** The run that raised it, where that is known. */
  causeRunId: string | null;
  /** How many events led to it; deeper than ten it sets nothing going. */
  depth: number;
  actor: string;
  traceparent: string | null;
  createdAt: Date;
}

export interface CreateEventHandlerInput {
  /** The name of its events (`order.created`), the beginning of some (`order.*`), or `*` for all. */
  event: string;
  task: string;
  /** What the payload of an event has to contain. */
  filter?: Record<string, unknown> | null;
  /** What the task is given, filled from the event: `{{payload.order.id}}`, `{{event.name}}`; the event's payload by default. */
  payload?: unknown;
  /** An interval: how much later its run comes. */
  delay?: string;
  /** An interval: how long no further event may come before the run for the latest does. */
  debounce?: string;
  /** A path such as `payload.order.id`: events with different values there are debounced each for itself. */
  debounceBy?: string;
  name?: string;
  /** Creating an event handler again with the same key changes it. */
  key?: string;
  description?: string;
  /** Which of its runs somebody is told of; `always` by default. */
  deliver?: DeliverPolicy;
  /** Where the output of its runs goes; by default to the inbox of its owner, and to where the owner looks on. */
  channelMappingId?: string;
}

/** The names of CreateEventHandlerInput. */
export const eventHandlerFields: Readonly<Record<keyof CreateEventHandlerInput, true>> = {
  event: true,
  task: true,
  filter: true,
  payload: true,
  delay: true,
  debounce: true,
  debounceBy: true,
  name: true,
  key: true,
  description: true,
  deliver: true,
  channelMappingId: true,
};

/** Absent keeps, null clears. */
export type EventHandlerPatch = {
  [K in keyof CreateEventHandlerInput]?: CreateEventHandlerInput[K] | null;
};

export interface CreatedEventHandler {
  id: string;
  outcome: 'created' | 'changed' | 'unchanged';
  revision: number;
}

export interface EventHandler {
  id: string;
  key: string | null;
  name: string;
  description: string | null;
  event: string;
  filter: Record<string, unknown> | null;
  task: string;
  payload: unknown;
  delay: string | null;
  debounce: string | null;
  debounceBy: string | null;
  deliver: DeliverPolicy;
  channelMappingId: string | null;
  enabled: boolean;
  revision: number;
  createdAt: Date;
  updatedAt: Date;
}
