// The fields of Subscription. Events carry ids; rows are read when one is delivered, with the rights of whom it is for.
import 'postgraphile';
import { TYPES } from 'postgraphile/@dataplan/pg';
import { access, constant, context, type ExecutableStep, lambda, listen } from 'postgraphile/grafast';
import { sql } from 'postgraphile/pg-sql2';
import { extendSchema } from 'postgraphile/utils';
import { oursOf, tableOf } from '../ours.ts';
import type { Feed } from './feed.ts';
import type { LiveEvent } from './queue.ts';
import type { Interest, Settings, Topic } from './reader.ts';

type Args = { getRaw(name: string): ExecutableStep };

export function livePlugin(feed: Feed): GraphileConfig.Plugin {
  return extendSchema((build) => {
    const { prefix } = oursOf(build);
    const type = (name: string) => build.inflection.upperCamelCase(`${prefix}${name}`);
    const field = (name: string) => build.inflection.camelCase(`${prefix}${name}`);
    const resource = (name: string) => tableOf(build, name);
    const typeOf = (name: string) => build.inflection.tableType(resource(name).codec as never);
    const [schedules, runs, logs] = [resource('schedules'), resource('runs'), resource('run_logs')];
    const inbox = resource('inbox');

    const watch = (topic: Topic, of: string, others: readonly string[] = []) => ({
      subscribePlan(_root: unknown, args: Args) {
        const $settings = context().get('pgSettings' as never) as ExecutableStep;
        const $interest = lambda(
          [constant(topic), args.getRaw(of), ...others.map((name) => args.getRaw(name))],
          ([what, id, ...rest]) => ({
            topic: what,
            of: id ?? null,
            task: others[0] === 'task' ? (rest[0] ?? null) : null,
            afterSeq: others[0] === 'afterSeq' ? (rest[0] ?? 0) : 0,
          }),
        );
        const $topic = lambda(
          [$interest, $settings],
          ([interest, settings]: readonly [Interest, Settings | undefined]) => ({
            interest: topic === 'inbox' ? ofReader(interest, settings) : interest,
            settings: settings ?? {},
          }),
        );
        return listen(
          constant(subscriber(feed), false) as never,
          $topic as never,
          (($event: unknown) => $event) as never,
        );
      },
      plan: ($event: unknown) => $event,
    });
    const base = {
      kind: ($event: ExecutableStep) => access($event, 'kind'),
      id: ($event: ExecutableStep) => access($event, 'id'),
      at: ($event: ExecutableStep) => access($event, 'at'),
    };

    return {
      typeDefs: `
        """Why there is an event."""
        enum ${type('change_kind')} {
          """Something was written."""
          CHANGED
          """
          Read what you show, now: from here on nothing is missed. The first event of a subscription, and one where changes may have been missed,
          for example because a connection was lost.
          """
          REFETCH
        }
        """A schedule was created, changed or fired."""
        type ${type('schedule_change')} {
          """Why there is an event."""
          kind: ${type('change_kind')}!
          """The schedule; null where everything is to be read again."""
          id: UUID
          """When the server heard of it."""
          at: Datetime!
          """The schedule as it is now."""
          schedule: ${typeOf('schedules')}
        }
        """A run was made, or came to another status."""
        type ${type('run_change')} {
          """Why there is an event."""
          kind: ${type('change_kind')}!
          """The run; null where everything is to be read again."""
          id: UUID
          """When the server heard of it."""
          at: Datetime!
          """The run as it is now."""
          run: ${typeOf('runs')}
        }
        """A run has logged something."""
        type ${type('run_log_change')} {
          """Why there is an event."""
          kind: ${type('change_kind')}!
          """The run; null where lines may have been missed: subscribe again, with the last line that you have."""
          id: UUID
          """When the server heard of it."""
          at: Datetime!
          """The lines that are new, in order, a hundred at most: more come with the next event."""
          lines: [${typeOf('run_logs')}!]!
        }
        """Something has come into an inbox, or was read."""
        type ${type('inbox_change')} {
          """Why there is an event."""
          kind: ${type('change_kind')}!
          """The item; null where everything is to be read again."""
          id: UUID
          """When the server heard of it."""
          at: Datetime!
          """The item as it is now."""
          item: ${typeOf('inbox')}
        }
        extend type Subscription {
          """Changes of schedules, also that they fire: of one, or of all that you may see."""
          ${field('schedule_changed')}(
            """The schedule, by its id; all of them where nothing is said."""
            scheduleId: UUID
          ): ${type('schedule_change')}!
          """Changes of runs: of one schedule or task, or of all that you may see."""
          ${field('run_changed')}(
            """The schedule, by its id; runs of all of them, and of none, where nothing is said."""
            scheduleId: UUID
            """The task; runs of all of them where nothing is said."""
            task: String
          ): ${type('run_change')}!
          """What a run logs: the lines that are there, then each as it comes."""
          ${field('run_logs')}(
            """The run, by its id."""
            runId: UUID!
            """Lines behind this one; 0 = from the first on."""
            afterSeq: Int = 0
          ): ${type('run_log_change')}!
          """What comes into an inbox, and what is read there."""
          ${field('inbox_changed')}(
            """The user whose inbox it is; you, where nothing is said. Without either there is nothing to be told."""
            ownerId: UUID
          ): ${type('inbox_change')}!
        }
      `,
      objects: {
        Subscription: {
          plans: {
            [field('schedule_changed')]: watch('schedule', 'scheduleId'),
            [field('run_changed')]: watch('run', 'scheduleId', ['task']),
            [field('run_logs')]: watch('log', 'runId', ['afterSeq']),
            [field('inbox_changed')]: watch('inbox', 'ownerId'),
          },
        },
        [type('inbox_change')]: {
          plans: {
            ...base,
            item: ($event: ExecutableStep) => inbox.get({ id: access($event, 'id') } as never),
          },
        },
        [type('schedule_change')]: {
          plans: {
            ...base,
            schedule: ($event: ExecutableStep) => schedules.get({ id: access($event, 'id') } as never),
          },
        },
        [type('run_change')]: {
          plans: {
            ...base,
            run: ($event: ExecutableStep) => runs.get({ id: access($event, 'id') } as never),
          },
        },
        [type('run_log_change')]: {
          plans: {
            ...base,
            lines($event: ExecutableStep) {
              const $lines = logs.find({ run_id: access($event, 'id') } as never);
              const after = $lines.placeholder(access($event, 'afterSeq') as never, TYPES.int as never);
              const until = $lines.placeholder(access($event, 'untilSeq') as never, TYPES.int as never);
              $lines.where(sql`${$lines.alias}.seq > ${after} and ${$lines.alias}.seq <= ${until}`);
              $lines.orderBy({ attribute: 'seq', direction: 'ASC' });
              $lines.setOrderIsUnique();
              return $lines;
            },
          },
        },
      },
    } as never;
  }, 'ChimeLivePlugin');
}

/** An inbox is somebody's: the reader's, where nothing else is said; nobody's, where the reader is nobody in particular. */
const ofReader = (interest: Interest, settings: Settings | undefined): Interest => ({
  ...interest,
  of: interest.of ?? settings?.['chime.user_id'] ?? '',
});

interface Subscribed {
  interest: Interest & { topic: Topic };
  settings: Settings;
}

/** What Grafast listens to: a topic is what somebody wants to know, and as whom. */
function subscriber(feed: Feed) {
  return {
    subscribe: ({ interest, settings }: Subscribed): Promise<AsyncIterableIterator<LiveEvent>> =>
      feed.subscribe(interest, settings),
  };
}
