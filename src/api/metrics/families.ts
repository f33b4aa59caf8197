// What the numbers of the database are called and mean to a monitor. The numbers are those of chime.metrics() (sql/64_metrics.sql): what
// it comes to answer more has its line here.

export interface Family {
  name: string;
  type: 'counter' | 'gauge' | 'histogram';
  help: string;
}

export const families: readonly Family[] = [
  {
    name: 'chime_fires_total',
    type: 'counter',
    help: 'Fires of schedules that are accounted for: fired, so that they became a run, or skipped.',
  },
  {
    name: 'chime_runs_finished_total',
    type: 'counter',
    help: 'Runs that finished, by how: succeeded, failed, timed_out or cancelled.',
  },
  {
    name: 'chime_run_lateness_seconds',
    type: 'histogram',
    help: 'From the instant at which a run was due to its start, of finished runs that were not tried again.',
  },
  {
    name: 'chime_run_duration_seconds',
    type: 'histogram',
    help: 'How long the last attempt of a finished run took.',
  },
  {
    name: 'chime_queue_runs',
    type: 'gauge',
    help: 'Runs that are not finished: queued, running or retrying (they wait for their next attempt).',
  },
  {
    name: 'chime_queue_oldest_seconds',
    type: 'gauge',
    help: 'How long the queued run that was due first has waited for a worker.',
  },
  {
    name: 'chime_deliveries_total',
    type: 'counter',
    help: 'Deliveries whose sending ended, by how: sent, failed, unknown (may have been sent or not) or skipped (was not to be sent). One that is sent again counts each time.',
  },
  {
    name: 'chime_due_schedules',
    type: 'gauge',
    help: 'Schedules that are due and that no clock has fired yet; up to 100,000 are counted.',
  },
  {
    name: 'chime_oldest_due_seconds',
    type: 'gauge',
    help: 'How long the first of the schedules that are due has waited for a clock.',
  },
  {
    name: 'chime_clocks',
    type: 'gauge',
    help: 'Clocks that are alive. Without one, nothing fires.',
  },
  {
    name: 'chime_clock_last_tick_seconds',
    type: 'gauge',
    help: 'How long ago a clock last ticked; absent where there is none.',
  },
  {
    name: 'chime_workers',
    type: 'gauge',
    help: 'Workers that are alive, that were lost, and that stopped by themselves; the latter two of the last days.',
  },
  {
    name: 'chime_worker_last_heartbeat_seconds',
    type: 'gauge',
    help: 'How long ago a worker last renewed its lease; absent where there is none.',
  },
];
