// The numbers of this process: the requests that it answered, its connections to the database, and itself.
import type { FastifyInstance } from 'fastify';
import type pg from 'pg';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Measures every request that is answered from now on; answers the registry that holds all numbers of the process. */
export function measureProcess(app: FastifyInstance, pool: pg.Pool): Registry {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Histogram({
    name: 'chime_http_request_duration_seconds',
    help: 'How long requests took to be answered, by the route that they met: none where there is none.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request;
    const route = routeOptions.url ?? 'none';
    requests.observe({ method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
  });
  new Gauge({
    name: 'chime_pool_connections',
    help: 'Connections of this process to the database: busy, or idle.',
    labelNames: ['state'],
    registers,
    collect() {
      this.set({ state: 'idle' }, pool.idleCount);
      this.set({ state: 'busy' }, pool.totalCount - pool.idleCount);
    },
  });
  new Gauge({
    name: 'chime_pool_connections_max',
    help: 'How many connections to the database this process may have.',
    registers,
    collect() {
      this.set(pool.options.max);
    },
  });
  new Gauge({
    name: 'chime_pool_waiting_requests',
    help: 'Requests of this process that wait for a connection to the database.',
    registers,
    collect() {
      this.set(pool.waitingCount);
    },
  });
  addOperatingSystem(registers);
  return registry;
}

/** As every exporter calls them. */
function addOperatingSystem(registers: Registry[]): void {
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'When the process started, in seconds since 1970.',
    registers,
  }).set(performance.timeOrigin / 1000);
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'The memory that the process has.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'The time that processors have worked for the process.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1_000_000);
    },
  });
}
