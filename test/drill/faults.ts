// What goes wrong in a drill, each fault at a random moment.
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Cluster } from '../../src/db/embedded/cluster.ts';
import type { NetworkProxy } from '../support/proxy.ts';
import type { Supervised } from './processes.ts';

export interface Scene {
  cluster: Cluster;
  /** Workers reach the database through it. */
  proxy: NetworkProxy;
  clocks: Supervised[];
  workers: Supervised[];
  /** Runs a statement, however long the database is away. */
  query(sql: string, values?: unknown[]): Promise<pg.QueryResult>;
}

const pick = <T>(items: readonly T[]): T => items[Math.floor(Math.random() * items.length)] as T;

/** Puts on record what is about to happen to a worker, so that its runs can be followed. */
async function note(scene: Scene, kind: string, worker?: Supervised): Promise<void> {
  await scene.query(
    `insert into drill.faults (kind, worker_id)
     select $1, w.id from (select) one left join chime_private.workers w on w.stopped_at is null and w.name like '%' || $2`,
    [kind, `:${worker?.pid ?? 'none'}`],
  );
}

export const faults: Record<string, (scene: Scene) => Promise<void>> = {
  async 'kill -9 of a worker'(scene) {
    const worker = pick(scene.workers);
    await note(scene, 'kill -9 of a worker', worker);
    worker.signal('SIGKILL');
  },
  async 'kill -9 of a clock'(scene) {
    await note(scene, 'kill -9 of a clock');
    pick(scene.clocks).signal('SIGKILL');
  },
  async 'SIGTERM of a worker'(scene) {
    const worker = pick(scene.workers);
    await note(scene, 'SIGTERM of a worker', worker);
    worker.signal('SIGTERM');
  },
  async 'a worker frozen past its lease'(scene) {
    const worker = pick(scene.workers);
    await note(scene, 'a worker frozen past its lease', worker);
    worker.signal('SIGSTOP');
    await sleep(20_000);
    worker.signal('SIGCONT');
  },
  async 'an immediate restart of Postgres'(scene) {
    await note(scene, 'an immediate restart of Postgres');
    await scene.cluster.crash();
    await sleep(Math.random() * 3000);
    await scene.cluster.restart();
  },
  async 'connections of workers cut'(scene) {
    await note(scene, 'connections of workers cut');
    scene.proxy.cut();
  },
  async 'connections of workers silent'(scene) {
    await note(scene, 'connections of workers silent');
    scene.proxy.silent = true;
    await sleep(1000 + Math.random() * 4000);
    scene.proxy.silent = false;
    scene.proxy.cut();
  },
};

/** Faults in random order, each of them before any comes again, until the time is over. */
export async function wreak(
  scene: Scene,
  until: number,
  told: (fault: string) => void,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  let queue: string[] = [];
  while (performance.now() < until) {
    if (queue.length === 0) queue = Object.keys(faults).sort(() => Math.random() - 0.5);
    const name = queue.pop() as string;
    told(name);
    await faults[name]?.(scene);
    counts.set(name, (counts.get(name) ?? 0) + 1);
    await sleep(500 + Math.random() * 3500);
  }
  return counts;
}
